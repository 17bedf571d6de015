/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * S37: 1,000 first packets of QUIC a second while somebody watches. The
 * attacker is a process of its own that has the rest of the processor (nice
 * 19), 250 addresses, and answers every Retry that comes; so half of what it
 * sends has a right token. The stream loses no picture, and what signatures
 * cost has a bound.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pf-test.h"
#include "quic-pair.h"
#include "quic-stage.h"

enum { SECONDS = 10, RATE = 1000, ADDRESSES = 250 };

static gchar *dir;

/* ---- The attacker ------------------------------------------------------- */

typedef struct {
  gint fd;
  PfQuicConn *conn;
  PfQuicPath path;
} Attacker;

static void
on_nothing (gpointer user)
{
  (void) user;
}

static void
on_no_stream (
    gpointer user, gint64 id, const guint8 *bytes, gsize n, gboolean fin)
{
  (void) user;
  (void) id;
  (void) bytes;
  (void) n;
  (void) fin;
}

static const PfQuicConnFuncs attacker_funcs = {
  .ready = on_nothing,
  .stream = on_no_stream,
};

static gboolean
attacker_init (Attacker *a, guint i, guint port)
{
  struct sockaddr_in own = { .sin_family = AF_INET }, to = own;

  memset (a, 0, sizeof *a);
  own.sin_addr.s_addr = htonl (0x7f000100 + i); /* 127.0.1.i */
  to.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  to.sin_port = htons ((guint16) port);
  a->fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  memcpy (&a->path.local, &own, sizeof own);
  memcpy (&a->path.remote, &to, sizeof to);
  a->path.local_size = a->path.remote_size = sizeof to;
  return a->fd >= 0 &&
         bind (a->fd, (struct sockaddr *) &own, sizeof own) == 0 &&
         connect (a->fd, (struct sockaddr *) &to, sizeof to) == 0;
}

static guint
send_all (Attacker *a, PfQuicBatch *batch)
{
  guint n = 0;

  if (pf_quic_conn_write (a->conn, batch, pf_quic_now ()))
    for (guint i = 0; i < batch->n; i++)
      n += send (a->fd, batch->packets[i].iov_base, batch->packets[i].iov_len,
               MSG_DONTWAIT) > 0;
  return n;
}

/* Answers what came for the last try, if it is a Retry, and tries anew. */
static guint
attack_once (
    Attacker *a, const PfQuicConfig *config, PfQuicBatch *batch, guint *answers)
{
  guint8 bytes[2048];
  gssize n;

  while ((n = recv (a->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
    if (!a->conn || (bytes[0] & 0xf0) != 0xf0)
      continue; /* long header, type Retry */
    pf_quic_conn_read (a->conn, &a->path, bytes, (gsize) n, pf_quic_now ());
    *answers += send_all (a, batch);
  }
  pf_quic_conn_free (a->conn);
  a->conn = pf_quic_conn_connect (
      config, &a->path, &attacker_funcs, NULL, pf_quic_now (), NULL);
  return a->conn ? send_all (a, batch) : 0;
}

static int
attack (guint port)
{
  static gchar *alpn[] = { (gchar *) "pkf1", NULL };
  Attacker *all = g_new (Attacker, ADDRESSES);
  PfQuicBatch *batch = g_new (PfQuicBatch, 1);
  guint sent = 0, answers = 0;
  PfQuicConfig config;
  gint64 begin;

  if (setpriority (PRIO_PROCESS, 0, 19) != 0)
    return 1;
  pf_quic_config_init (&config);
  config.tls.alpn = g_strdupv (alpn);
  for (guint i = 0; i < ADDRESSES; i++)
    if (!attacker_init (&all[i], i + 2, port))
      return 1;
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < RATE * SECONDS; i++) {
    const gint64 due = begin + (gint64) i * G_USEC_PER_SEC / RATE;
    const gint64 now = g_get_monotonic_time ();

    if (now > begin + SECONDS * G_USEC_PER_SEC)
      break;
    if (now < due)
      g_usleep ((gulong) (due - now));
    sent += attack_once (&all[i % ADDRESSES], &config, batch, &answers);
  }
  g_print ("%u %u\n", sent, answers);
  for (guint i = 0; i < ADDRESSES; i++) {
    pf_quic_conn_free (all[i].conn);
    close (all[i].fd);
  }
  pf_quic_config_clear (&config);
  g_free (batch);
  g_free (all);
  return 0;
}

/* How many first packets it sent, and how many with a token. */
static void
run_attack (guint port, guint *sent, guint *answers)
{
  gchar *number = g_strdup_printf ("%u", port), *out = NULL;
  gchar *argv[] = { g_file_read_link ("/proc/self/exe", NULL),
    (gchar *) "--attack", number, NULL };
  GError *error = NULL;
  gint status = -1;

  if (!g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, NULL,
          &status, &error))
    pf_test_note ("%s", error->message);
  g_clear_error (&error);
  PF_CHECK_INT (status, ==, 0);
  *sent = *answers = 0;
  if (out)
    PF_CHECK_INT (sscanf (out, "%u %u", sent, answers), ==, 2);
  g_free (out);
  g_free (argv[0]);
  g_free (number);
}

/* ---- The stream --------------------------------------------------------- */

/* A bucket of a second, and what it gets meanwhile. */
static guint64
most (guint rate, gdouble s)
{
  return (guint64) (rate * (s + 1)) + 1;
}

static void
test_stream (void)
{
  guint sent, answers, before, after;
  guint64 handshakes, retries;
  PfQuicLimits limits;
  StageClient client;
  StageHost host;
  gint64 begin;
  gdouble s;

  pf_quic_limits_init (&limits);
  stage_host_start (&host, "flooded", dir, 0, NULL);
  stage_client_start (&client, host.port, "width=854 height=480 fps=30");
  PF_REQUIRE (stage_client_wait (&client, 30, 10000));
  before = stage_client_frames (&client);
  handshakes = stage_host_counter (&host, "handshakes");
  begin = g_get_monotonic_time ();
  run_attack (host.port, &sent, &answers);
  s = (gdouble) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC;
  after = stage_client_frames (&client);
  PF_CHECK (stage_client_wait (&client, after + 30, 3000));
  handshakes = stage_host_counter (&host, "handshakes") - handshakes;
  retries = stage_host_counter (&host, "retries");
  stage_client_check (&client);
  pf_test_note ("%.1f s: %u first packets (%.0f a second), %u with a token; "
                "%" G_GUINT64_FORMAT " handshakes, %" G_GUINT64_FORMAT
                " retries",
      s, sent, sent / s, answers, handshakes, retries);
  PF_CHECK_UINT (handshakes, <=, most (limits.rate, s));
  PF_CHECK_UINT (retries, >=, sent / 2);
  stage_client_stop (&client);
  PF_CHECK (stage_host_wait_ended (&host, 1, 5000));
  pf_test_note ("%u pictures (%.1f a second), %u lost, %" G_GUINT64_FORMAT
                " not drawn; at most %.0f ms apart",
      after - before, (after - before) / s, client.wrong, host.skipped,
      (gdouble) client.longest / 1000);
  /* an attacker at nice 19 has what nobody else wants: with little of that,
   * others kept the display from drawing, not he */
  if (sent >= RATE * SECONDS * 9 / 10)
    PF_CHECK_UINT (host.skipped, ==, 0);
  else
    pf_test_note ("the machine is too busy to judge what was not drawn");
  stage_host_stop (&host);
}

int
main (int argc, char **argv)
{
  int ret;

  if (argc == 3 && strcmp (argv[1], "--attack") == 0)
    return attack ((guint) g_ascii_strtoull (argv[2], NULL, 10));
  gst_init (&argc, &argv);
  dir = stage_place_new ();
  PF_TEST_ADD ("/S37/stream", test_stream);
  ret = pf_test_run (argc, argv);
  stage_place_remove (dir);
  return ret;
}
