/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Endpoints that come and go on a server while a session goes on beside them:
 * whoever leaves, at whatever moment and in whatever order, takes nothing along
 * that others need, and the session beside loses no frame.
 * PF_CYCLES=N: how many; 16 without.
 */
#include <stdlib.h>
#include <string.h>

#include "pf-test.h"
#include "session-line.h"

enum { WORKERS = 2 };

/* What is left when, of an endpoint with frames on their way. */
typedef enum {
  CLIENT_FIRST,   /* and the endpoint is told */
  ENDPOINT_FIRST, /* and the client is */
  AT_ONCE,        /* in two threads */
  UNANSWERED,     /* the client, before anybody made an endpoint for it */
  N_WAYS,
} Way;

typedef struct {
  GstElement *server;
  GMutex lock;
  GCond cond;
  /* lock */
  GHashTable *offers; /* client-name: id (uint64), nobody's yet */
  guint started, ended;

  guint port;
  gchar *place;
} Host;

typedef struct {
  Host *host;
  guint number, cycles;
} Worker;

/* ---- The server ----------------------------------------------------------- */

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer user)
{
  const GstStructure *s = gst_message_get_structure (message);
  Host *h = user;

  (void) bus;
  g_mutex_lock (&h->lock);
  if (s && gst_structure_has_name (s, "PfSessionOffer")) {
    const guint64 id = line_id (s);

    g_hash_table_insert (h->offers,
        g_strdup (gst_structure_get_string (s, "name")),
        g_memdup2 (&id, sizeof id));
  }
  h->started += s && gst_structure_has_name (s, "PfSessionStarted");
  h->ended += s && gst_structure_has_name (s, "PfSessionEnded");
  g_cond_broadcast (&h->cond);
  g_mutex_unlock (&h->lock);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static void
host_start (Host *h)
{
  GstBus *bus = gst_bus_new ();

  memset (h, 0, sizeof *h);
  g_mutex_init (&h->lock);
  g_cond_init (&h->cond);
  h->offers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  h->place = g_build_filename (line_dir, "host", NULL);
  h->server = gst_element_factory_make ("pfquicserver", "server");
  PF_REQUIRE (h->server != NULL);
  gst_object_ref_sink (h->server);
  gst_bus_set_sync_handler (bus, on_message, h, NULL);
  gst_element_set_bus (h->server, bus);
  gst_object_unref (bus);
  g_object_set (h->server, "address", "127.0.0.1", "port", 0, "identity-dir",
      h->place, "open", TRUE, NULL);
  PF_REQUIRE_INT (gst_element_set_state (h->server, GST_STATE_READY), ==,
      GST_STATE_CHANGE_SUCCESS);
  g_object_get (h->server, "port", &h->port, NULL);
}

static void
host_stop (Host *h)
{
  gst_element_set_state (h->server, GST_STATE_NULL);
  gst_element_set_bus (h->server, NULL);
  gst_object_unref (h->server);
  g_hash_table_unref (h->offers);
  g_free (h->place);
  g_mutex_clear (&h->lock);
  g_cond_clear (&h->cond);
}

static guint64
wait_for_offer (Host *h, const gchar *name)
{
  const gint64 until = g_get_monotonic_time () + QUIC_WAIT_MS * 1000;
  guint64 *found, id = 0;

  g_mutex_lock (&h->lock);
  while (!(found = g_hash_table_lookup (h->offers, name)) &&
         g_cond_wait_until (&h->cond, &h->lock, until))
    ;
  if (found)
    id = *found;
  g_hash_table_remove (h->offers, name);
  g_mutex_unlock (&h->lock);
  return id;
}

static void
answer (Host *h, guint64 id)
{
  GstStructure *grant = gst_structure_new (
      "PfSessionGrant", "codec", G_TYPE_STRING, "h264", NULL);
  gboolean ok;

  g_signal_emit_by_name (h->server, "accept", id, grant, &ok);
  PF_CHECK (ok);
  gst_structure_free (grant);
}

/* ---- One session ---------------------------------------------------------- */

static void
knock (Host *h, Line *client, const gchar *name)
{
  g_autofree gchar *settings = g_strdup_printf ("client-name=%s", name);

  line_play_client (client, h->port, settings);
}

/* FALSE: the host did not hear of it. */
static gboolean
open_session (Host *h, Line *client, Line *endpoint, const gchar *name)
{
  guint64 id;

  knock (h, client, name);
  id = wait_for_offer (h, name);
  PF_CHECK (id != 0);
  if (!id)
    return FALSE;
  line_play_endpoint (endpoint, id);
  answer (h, id);
  return TRUE;
}

static gpointer
clear_line (gpointer line)
{
  line_clear (line);
  return NULL;
}

static void
close_session (Line *client, Line *endpoint, Way way)
{
  GThread *other = NULL;

  if (way == AT_ONCE)
    other = g_thread_new ("leaves", clear_line, endpoint);
  if (way == ENDPOINT_FIRST)
    line_clear (endpoint);
  line_clear (client);
  if (way == CLIENT_FIRST)
    line_clear (endpoint);
  if (other)
    g_thread_join (other);
}

static void
one_cycle (Worker *w, guint i)
{
  const Way way = (w->number + i) % N_WAYS;
  g_autofree gchar *name = g_strdup_printf ("guest-%u-%u", w->number, i);
  Line client, endpoint;

  if (way == UNANSWERED) {
    knock (w->host, &client, name);
    if (i % 2)
      wait_for_offer (w->host, name);
    line_clear (&client);
  } else if (open_session (w->host, &client, &endpoint, name)) {
    PF_CHECK (line_wait (&client, &client.frames, 1 + i % 8));
    PF_CHECK_UINT (line_count (&client, &client.wrong), ==, 0);
    close_session (&client, &endpoint, way);
  } else {
    line_clear (&client);
  }
}

static gpointer
work (gpointer data)
{
  Worker *w = data;

  for (guint i = 0; i < w->cycles; i++)
    one_cycle (w, i);
  return NULL;
}

/* ---- Beside it ------------------------------------------------------------ */

static guint64
lost (Line *client)
{
  GstElement *fec = gst_bin_get_by_name (GST_BIN (client->pipeline), "parts");
  GstStructure *stats;
  guint64 n = G_MAXUINT64;

  g_object_get (fec, "stats", &stats, NULL);
  PF_CHECK (gst_structure_get_uint64 (stats, "frames-lost", &n));
  gst_structure_free (stats);
  gst_object_unref (fec);
  return n;
}

static void
test_cycles (void)
{
  const gchar *text = g_getenv ("PF_CYCLES");
  const guint n = text ? (guint) g_ascii_strtoull (text, NULL, 10) : 16;
  Line resident, endpoint;
  Worker workers[WORKERS];
  GThread *threads[WORKERS];
  guint before;
  Host h;

  host_start (&h);
  PF_REQUIRE (open_session (&h, &resident, &endpoint, "resident"));
  line_check_frames (&resident);
  for (guint i = 0; i < WORKERS; i++) {
    workers[i] = (Worker){ &h, i, n / WORKERS };
    threads[i] = g_thread_new ("worker", work, &workers[i]);
  }
  for (guint i = 0; i < WORKERS; i++)
    g_thread_join (threads[i]);
  before = line_count (&resident, &resident.frames);
  PF_CHECK (line_wait (&resident, &resident.frames, before + 30));
  PF_CHECK_UINT (line_count (&resident, &resident.wrong), ==, 0);
  PF_CHECK_UINT (lost (&resident), ==, 0);
  g_mutex_lock (&resident.lock);
  PF_CHECK_STR (resident.error, NULL);
  g_mutex_unlock (&resident.lock);
  g_mutex_lock (&h.lock);
  pf_test_note ("%u cycles: %u sessions began, %u ended; %u frames beside", n,
      h.started, h.ended, before);
  PF_CHECK_UINT (h.started, >=, 1 + n / N_WAYS);
  g_mutex_unlock (&h.lock);
  line_clear (&resident);
  line_clear (&endpoint);
  host_stop (&h);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  PF_TEST_ADD ("/sessions/cycles", test_cycles);
  return line_run (argc, argv);
}
