/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fuzz target for GameStream's HTTP: what a client sends on one connection. The
 * first byte says what kind of connection it is, the rest is sent. Names and
 * values are text without a 0, answers are HTTP with XML in it, and the
 * connection comes to an end.
 */
#include "fuzz-wire.h"

#include <string.h>

#include "gs-http.h"
#include "pf-gs-launch.h"
#include "pf-gs-xml.h"

enum { WITH_TLS = 1, WITH_CERTIFICATE = 2, LATER = 4 };

#define TURNS 2000

static PfGsHttp *http;
static gboolean later;
static PfGsCall *waiting;

static void
check_text (const gchar *text)
{
  FUZZ_CHECK (g_utf8_validate (text, -1, NULL));
}

static void
take (const gchar *name, const gchar *value, gpointer user)
{
  const PfGsText n = { name, strlen (name) }, v = { value, strlen (value) };
  PfGsLaunch *launch = user;

  check_text (name);
  check_text (value);
  if (pf_gs_launch_set (launch, n, v) == 0 && launch->has_mode) {
    FUZZ_CHECK (launch->width > 0 && launch->height > 0);
    FUZZ_CHECK (launch->fps_x1000 >= 1000);
  }
}

static void
answer (PfGsCall *call)
{
  gchar bytes[512];
  PfGsWriter w = { bytes, sizeof bytes, 0, false };

  pf_gs_xml_begin (&w, 200, NULL);
  pf_gs_xml_end (&w);
  pf_gs_call_reply_xml (call, w.bytes, w.size);
}

static gboolean
on_later (gpointer data)
{
  (void) data;
  if (waiting)
    answer (g_steal_pointer (&waiting));
  return G_SOURCE_REMOVE;
}

static void
on_gone (PfGsCall *call, gpointer user)
{
  (void) user;
  FUZZ_CHECK (call == waiting);
  waiting = NULL;
}

static void
on_call (PfGsCall *call, gpointer user)
{
  PfGsLaunch launch;
  gsize size;

  (void) user;
  FUZZ_CHECK (pf_gs_call_path (call) != NULL);
  FUZZ_CHECK (pf_gs_call_peer_text (call) && pf_gs_call_local_text (call));
  FUZZ_CHECK ((pf_gs_call_der (call, &size) != NULL) ==
              (pf_gs_call_fingerprint (call) != NULL));
  pf_gs_launch_init (&launch);
  pf_gs_call_foreach (call, take, &launch);
  if (!later) {
    answer (call);
    return;
  }
  FUZZ_CHECK (!waiting);
  waiting = call;
  pf_gs_call_park (call, 5, on_gone, NULL);
  g_idle_add (on_later, NULL);
}

static GLogWriterOutput
drop_log (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer user)
{
  (void) fields;
  (void) n;
  (void) user;
  FUZZ_CHECK (!(level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)));
  return G_LOG_WRITER_HANDLED;
}

static void
begin (void)
{
  PfGsHttpConfig config = { 0 };
  guint port;

  g_log_set_writer_func (drop_log, NULL, NULL);
  http = pf_gs_http_new (&config, on_call, NULL, &port, NULL);
  FUZZ_CHECK (http != NULL);
}

static GSocketAddress *
address_of (const gchar *text)
{
  g_autoptr (GInetAddress) ip = g_inet_address_new_from_string (text);

  return g_inet_socket_address_new (ip, 47989);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GSocketAddress) local = address_of ("127.0.0.1");
  g_autoptr (GSocketAddress) remote = address_of ("192.0.2.1");
  g_autoptr (GBytes) der = g_bytes_new_static ("certificate", 11);
  g_autoptr (GInputStream) in = NULL;
  g_autoptr (GOutputStream) out = NULL;
  PfGsHttpStats stats;
  const gchar *sent;
  GIOStream *stream;

  if (size < 1)
    return 0;
  if (!http)
    begin ();
  later = (data[0] & LATER) != 0;
  in = g_memory_input_stream_new_from_data (data + 1, (gssize) size - 1, NULL);
  out = g_memory_output_stream_new_resizable ();
  stream = g_simple_io_stream_new (in, out);
  pf_gs_http_take (http, stream, local, remote, (data[0] & WITH_TLS) != 0,
      data[0] & WITH_CERTIFICATE ? der : NULL);
  g_object_unref (stream);
  for (guint i = 0; i < TURNS; i++) {
    pf_gs_http_get_stats (http, &stats);
    if (stats.connections == 0)
      break;
    g_main_context_iteration (NULL, FALSE);
  }
  FUZZ_CHECK (stats.connections == 0);
  FUZZ_CHECK (!waiting);
  sent = g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (out));
  size = g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (out));
  FUZZ_CHECK (size == 0 || (size > 9 && memcmp (sent, "HTTP/1.", 7) == 0));
  return 0;
}
