/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sessions in a world that is not quiet: two hosts and three clients, a host
 * that is killed and comes again, a client whose address changes, clocks that
 * are hours apart. Every picture is decoded and its number read.
 */
#define _GNU_SOURCE /* syscall */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pf-test.h"
#include "quic-pair.h"
#include "quic-relay.h"
#include "quic-stage.h"

enum { FRAMES = 60, WAIT_MS = 15000 };

static gchar *place;

/* ---- A clock that is wrong ---------------------------------------------- */

static gint64 skew_s; /* set when the program begins */

/* These stand before those of libc, for all that is linked. */
int clock_gettime (clockid_t clock, struct timespec *t);
int gettimeofday (struct timeval *t, void *zone);

int
clock_gettime (clockid_t clock, struct timespec *t)
{
  const int ret = (int) syscall (SYS_clock_gettime, clock, t);

  if (ret == 0 && clock == CLOCK_REALTIME)
    t->tv_sec += skew_s;
  return ret;
}

int
gettimeofday (struct timeval *t, void *zone)
{
  struct timespec now;

  (void) zone;
  clock_gettime (CLOCK_REALTIME, &now);
  t->tv_sec = now.tv_sec;
  t->tv_usec = now.tv_nsec / 1000;
  return 0;
}

/* ---- A host in a process of its own ------------------------------------- */

typedef struct {
  GPid pid;
  gint in; /* it lives as long as this is open */
  guint port;
} Child;

static int
be_host (gchar **argv)
{
  gchar byte;
  StageHost host;

  skew_s = g_ascii_strtoll (argv[4], NULL, 10);
  gst_init (NULL, NULL);
  stage_host_start (&host, "child", argv[2],
      (guint) g_ascii_strtoull (argv[3], NULL, 10), NULL);
  printf ("%u\n", host.port);
  fflush (stdout);
  while (read (0, &byte, 1) > 0)
    ;
  stage_host_stop (&host);
  return 0;
}

static void
child_start (Child *c, guint port, gint64 skew)
{
  gchar *argv[] = { g_file_read_link ("/proc/self/exe", NULL),
    (gchar *) "--host", place, g_strdup_printf ("%u", port),
    g_strdup_printf ("%" G_GINT64_FORMAT, skew), NULL };
  GError *error = NULL;
  gint out = -1;
  FILE *f;

  if (!g_spawn_async_with_pipes (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
          NULL, NULL, &c->pid, &c->in, &out, NULL, &error))
    pf_test_note ("%s", error->message);
  PF_REQUIRE (!error);
  f = fdopen (out, "r");
  PF_REQUIRE_INT (fscanf (f, "%u", &c->port), ==, 1);
  fclose (f);
  g_free (argv[0]);
  g_free (argv[3]);
  g_free (argv[4]);
}

static void
child_kill (Child *c)
{
  kill (c->pid, SIGKILL);
  waitpid (c->pid, NULL, 0);
  close (c->in);
}

static void
child_end (Child *c)
{
  int status = -1;

  close (c->in);
  waitpid (c->pid, &status, 0);
  PF_CHECK_INT (status, ==, 0);
}

/* ---- Tests -------------------------------------------------------------- */

static void
check_stream (StageClient *c, guint width)
{
  const guint n = stage_client_frames (c);

  PF_CHECK (stage_client_wait (c, n + FRAMES, WAIT_MS));
  stage_client_check (c);
  g_mutex_lock (&c->lock);
  PF_CHECK_UINT (c->width, ==, width);
  g_mutex_unlock (&c->lock);
}

static void
test_two_hosts_three_clients (void)
{
  static const gchar *const modes[] = { "width=640 height=480 fps=60",
    "width=854 height=480 fps=30", "width=480 height=854 fps=60" };
  static const guint widths[] = { 640, 854, 480 };
  StageClient clients[3];
  StageHost hosts[2];

  stage_host_start (&hosts[0], "one", place, 0, NULL);
  stage_host_start (&hosts[1], "two", place, 0, NULL);
  for (guint i = 0; i < 3; i++)
    stage_client_start (&clients[i], hosts[i % 2].port, modes[i]);
  for (guint i = 0; i < 3; i++)
    check_stream (&clients[i], widths[i]);
  PF_CHECK_UINT (stage_host_n_sessions (&hosts[0]), ==, 2);
  PF_CHECK_UINT (stage_host_n_sessions (&hosts[1]), ==, 1);
  /* who goes takes nothing from the others */
  stage_client_stop (&clients[0]);
  PF_CHECK (stage_host_wait_ended (&hosts[0], 1, WAIT_MS));
  check_stream (&clients[1], widths[1]);
  check_stream (&clients[2], widths[2]);
  stage_client_stop (&clients[1]);
  stage_client_stop (&clients[2]);
  stage_host_stop (&hosts[0]);
  stage_host_stop (&hosts[1]);
}

/* The client learns it by a stateless reset, in answer to its next packet, and
 * not by eight seconds of silence. */
static void
test_killed_and_restarted (void)
{
  StageClient client;
  Child host;
  gint64 begin;

  child_start (&host, 0, 0);
  stage_client_start (&client, host.port, "width=320 height=180 fps=30");
  check_stream (&client, 320);
  begin = g_get_monotonic_time ();
  child_kill (&host);
  child_start (&host, host.port, 0);
  PF_REQUIRE (stage_client_wait_over (&client, WAIT_MS));
  pf_test_note ("over after %.1f s",
      (gdouble) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC);
  PF_CHECK (g_get_monotonic_time () - begin < 5 * G_USEC_PER_SEC);
  stage_client_stop (&client);
  stage_client_start (&client, host.port, "width=320 height=180 fps=30");
  check_stream (&client, 320);
  stage_client_stop (&client);
  child_end (&host);
}

/* The session goes on, and its control stream too: a key frame is asked for
 * over the new path. */
static void
test_address_change (void)
{
  StageClient client;
  QuicRelay *relay;
  StageHost host;
  GstElement *sink;

  stage_host_start (&host, "moved", place, 0, NULL);
  relay = quic_relay_new (host.port, 1, NULL);
  stage_client_start (
      &client, quic_relay_port (relay), "width=320 height=180 fps=30");
  check_stream (&client, 320);
  quic_relay_rebind (relay);
  check_stream (&client, 320);
  sink = gst_bin_get_by_name (GST_BIN (client.pipeline), "sink");
  gst_element_send_event (
      sink, gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
                gst_structure_new ("GstForceKeyUnit", "running-time",
                    G_TYPE_UINT64, GST_CLOCK_TIME_NONE, "all-headers",
                    G_TYPE_BOOLEAN, TRUE, "count", G_TYPE_UINT, 0, NULL)));
  gst_object_unref (sink);
  check_stream (&client, 320);
  PF_CHECK_UINT (stage_host_n_sessions (&host), ==, 1);
  stage_client_stop (&client);
  PF_CHECK (stage_host_wait_ended (&host, 1, WAIT_MS));
  stage_host_stop (&host);
  quic_relay_free (relay);
}

static gint64
clock_offset (StageClient *c)
{
  GstStructure *stats;
  gint64 ns = 0;

  g_object_get (c->source, "stats", &stats, NULL);
  PF_CHECK (gst_structure_get_int64 (stats, "clock-offset", &ns));
  gst_structure_free (stats);
  return ns;
}

static void
test_clock_skew (void)
{
  static const gint64 hours[] = { 5, -30 };

  for (guint i = 0; i < G_N_ELEMENTS (hours); i++) {
    const gint64 skew = hours[i] * 3600;
    StageClient client;
    gdouble error_ms;
    Child host;

    child_start (&host, 0, skew);
    stage_client_start (&client, host.port, "width=320 height=180 fps=30");
    check_stream (&client, 320);
    error_ms = (gdouble) (clock_offset (&client) - skew * 1000000000) / 1e6;
    pf_test_note ("%+d h: offset wrong by %.3f ms", (int) hours[i], error_ms);
    PF_CHECK (error_ms > -50 && error_ms < 50);
    stage_client_stop (&client);
    child_end (&host);
  }
}

int
main (int argc, char **argv)
{
  int ret;

  if (argc == 5 && strcmp (argv[1], "--host") == 0)
    return be_host (argv);
  gst_init (&argc, &argv);
  place = stage_place_new ();
  PF_TEST_ADD ("/world/two-hosts-three-clients", test_two_hosts_three_clients);
  PF_TEST_ADD ("/world/killed-and-restarted", test_killed_and_restarted);
  PF_TEST_ADD ("/world/address-change", test_address_change);
  PF_TEST_ADD ("/world/clock-skew", test_clock_skew);
  ret = pf_test_run (argc, argv);
  stage_place_remove (place);
  return ret;
}
