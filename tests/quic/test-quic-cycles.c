/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Connections that come and go while others send: whoever stops one at
 * whatever moment is told nothing afterwards, and nothing is left behind.
 * PF_CYCLES=N: how many; 100 without.
 */
#include <string.h>

#include "pf-test.h"
#include "quic-pair.h"

enum { WORKERS = 4 };

typedef struct {
  guint port, cycles;
  guint64 seed;
  guint connected; /* of them */
} Worker;

/* Of a kind each: closed before it is ready, as soon as it is, with data on
 * its way, or by the host. */
static void
one_cycle (Worker *w, guint i)
{
  static const guint8 bytes[20000];
  GBytes *b = g_bytes_new_static (bytes, sizeof bytes);
  const guint kind = (guint) (w->seed + i) % 4;
  QuicClient c;

  quic_client_init (&c, TRUE);
  quic_client_connect (&c, "127.0.0.1", w->port);
  if (kind > 0 && quic_end_wait (&c.end, &c.end.n_ready, 1)) {
    w->connected++;
    if (kind > 1) {
      const gint64 id = pf_quic_link_open (c.link, TRUE);

      pf_quic_link_send (c.link, id, b, TRUE);
      pf_quic_link_send_datagram (c.link, bytes, 100);
      if (kind > 2)
        quic_end_wait_bytes (&c.end, sizeof bytes);
    }
  }
  quic_client_clear (&c);
  g_bytes_unref (b);
}

static gpointer
work (gpointer data)
{
  Worker *w = data;

  for (guint i = 0; i < w->cycles; i++)
    one_cycle (w, i);
  return NULL;
}

static void
test_cycles (void)
{
  const gchar *text = g_getenv ("PF_CYCLES");
  const guint n = text ? (guint) g_ascii_strtoull (text, NULL, 10) : 100;
  Worker workers[WORKERS];
  GThread *threads[WORKERS];
  guint connected = 0;
  gint64 until;
  QuicHost h;

  quic_host_init (&h);
  h.end.echo = TRUE;
  h.limits.links = 1000;
  h.limits.half_open = h.limits.unproven = 1000;
  h.limits.rate = h.limits.rate_unproven = h.limits.rate_address = 100000;
  quic_host_start (&h, "127.0.0.1", 0);
  for (guint i = 0; i < WORKERS; i++) {
    workers[i] = (Worker){ h.number, n / WORKERS, i, 0 };
    threads[i] = g_thread_new ("worker", work, &workers[i]);
  }
  for (guint i = 0; i < WORKERS; i++) {
    g_thread_join (threads[i]);
    connected += workers[i].connected;
  }
  pf_test_note ("%u of %u were connected", connected, n);
  PF_CHECK_UINT (connected, >=, n / 2);
  /* what was closed before it was ready may take its time-out on the host */
  until = g_get_monotonic_time () + 15 * G_USEC_PER_SEC;
  while (pf_quic_port_n_links (h.port) > 0 && g_get_monotonic_time () < until)
    g_usleep (10000);
  PF_CHECK_UINT (pf_quic_port_n_links (h.port), ==, 0);
  quic_host_clear (&h);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/quic/cycles", test_cycles);
  return pf_test_run (argc, argv);
}
