/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sessions of punktfunk/1 between pfquicsink and pfquicsrc, with and without a
 * pfquicserver: who is let in, frames that arrive, wishes that go up, the end.
 */
#include <gst/gst.h>
#include <string.h>

#include "pf-events.h"
#include "pf-test.h"
#include "session-line.h"

/* ---- A host of its own -------------------------------------------------- */

/* One client after the other, each with a key of its own. */
static void
test_open (void)
{
  Line host, client;
  const guint port = line_play_host (&host, "open=true");

  for (guint i = 0; i < 3; i++) {
    GstStructure *s;

    line_play_client (&client, port, "");
    line_check_frames (&client);
    s = line_message (&client, "PfSessionGranted", 0);
    PF_REQUIRE (s != NULL);
    PF_CHECK_STR (gst_structure_get_string (s, "codec"), "h264");
    PF_CHECK_UINT (line_number (s, "width"), ==, 640);
    PF_CHECK_UINT (line_number (s, "height"), ==, 480);
    PF_CHECK_UINT (line_number (s, "fps"), ==, 100);
    gst_structure_free (s);
    line_clear (&client);
    s = line_message (&host, "PfSessionEnded", i);
    PF_REQUIRE (s != NULL);
    PF_CHECK_UINT (line_number (s, "code"), ==, 0);
    gst_structure_free (s);
  }
  line_clear (&host);
}

static void
test_gf8 (void)
{
  Line host, client;
  const guint port = line_play_host (&host, "open=true fec=gf8 percentage=30");

  line_play_client (&client, port, "");
  line_check_frames (&client);
  line_clear (&client);
  line_clear (&host);
}

/* A frame does not wait for the next one, which here is half a second away;
 * without parity nothing else comes before that. */
static void
test_at_once (void)
{
  Line host, client;
  GstElement *source;
  gint port;

  line_init_host (&host, "open=true percentage=0 adaptive=false");
  source = gst_bin_get_by_name (GST_BIN (host.pipeline), "source");
  g_object_set (source, "datarate", 2 * FRAME_SIZE, NULL);
  gst_object_unref (source);
  line_play (&host);
  g_object_get (host.end, "port", &port, NULL);
  line_play_client (&client, (guint) port, "");
  PF_CHECK (line_wait (&client, &client.frames, 4));
  pf_test_note ("at best after %lld us", (long long) client.least_us);
  PF_CHECK_INT (client.least_us, <, 250000);
  line_clear (&client);
  line_clear (&host);
}

/* Nobody is let in who was not named. */
static void
test_closed (void)
{
  Line host, client;
  const guint port = line_play_host (&host, "");
  gchar *settings;

  line_play_client (&client, port, "");
  PF_REQUIRE (line_failed (&client));
  PF_CHECK (strstr (client.error, "0x63") != NULL); /* no certificate */
  PF_CHECK_UINT (client.frames, ==, 0);
  line_clear (&client);
  settings = g_strdup_printf ("identity-dir=%s/client", line_dir);
  line_play_client (&client, port, settings);
  PF_REQUIRE (line_failed (&client));
  PF_CHECK (strstr (client.error, "0x64") != NULL); /* a stranger's */
  line_clear (&client);
  line_clear (&host);
  g_free (settings);
}

static void
test_allowed (void)
{
  gchar *client_dir = g_build_filename (line_dir, "client", NULL);
  PfQuicIdentity *id =
      pf_quic_identity_open (client_dir, PF_QUIC_KEY_ECDSA, NULL);
  gchar *text =
      pf_quic_fingerprint_to_string (pf_quic_identity_fingerprint (id));
  gchar *host_settings = g_strdup_printf ("allow-fingerprint=%s", text);
  gchar *settings = g_strdup_printf ("identity-dir=%s", client_dir);
  Line host, client;
  const guint port = line_play_host (&host, host_settings);

  line_play_client (&client, port, settings);
  line_check_frames (&client);
  line_clear (&client);
  line_clear (&host);
  g_free (settings);
  g_free (host_settings);
  g_free (text);
  g_free (client_dir);
  pf_quic_identity_unref (id);
}

static void
test_pin (void)
{
  Line host, client;
  const guint port = line_play_host (&host, "open=true");
  gchar *seen, *settings;

  line_play_client (&client, port, "");
  line_check_frames (&client);
  g_object_get (client.end, "host-fingerprint", &seen, NULL);
  PF_REQUIRE (seen != NULL);
  line_clear (&client);
  settings = g_strdup_printf ("pin=%s", seen);
  line_play_client (&client, port, settings);
  line_check_frames (&client);
  line_clear (&client);
  settings[4] = settings[4] == '0' ? '1' : '0';
  line_play_client (&client, port, settings);
  PF_REQUIRE (line_failed (&client));
  PF_CHECK (strstr (client.error, "not the one") != NULL);
  PF_CHECK_UINT (client.frames, ==, 0);
  line_clear (&client);
  line_clear (&host);
  g_free (settings);
  g_free (seen);
}

static void
test_busy (void)
{
  Line host, first, second;
  const guint port = line_play_host (&host, "open=true");

  line_play_client (&first, port, "");
  line_check_frames (&first);
  line_play_client (&second, port, "");
  PF_REQUIRE (line_failed (&second));
  PF_CHECK (strstr (second.error, "0x42") != NULL);
  line_clear (&second);
  PF_CHECK (line_wait (&first, &first.frames, first.frames + 10));
  line_clear (&first);
  line_clear (&host);
}

static void
test_wrong_codec (void)
{
  Line host, client;
  const guint port = line_play_host (&host, "open=true");
  gchar *text = g_strdup_printf (
      "pfquicsrc name=end address=127.0.0.1 port=%u codecs=av1 ! " OPENER,
      port);

  line_init (&client, text);
  line_play (&client);
  PF_REQUIRE (line_failed (&client));
  PF_CHECK (strstr (client.error, "cannot decode") != NULL);
  line_clear (&client);
  line_clear (&host);
  g_free (text);
}

static guint64
client_wishes (Line *l)
{
  GstStructure *stats;
  guint64 n = 0;

  g_object_get (l->end, "stats", &stats, NULL);
  PF_CHECK (gst_structure_get_uint64 (stats, "keyframe-requests", &n));
  gst_structure_free (stats);
  return n;
}

static void
test_wishes (void)
{
  const PfInput key = {
    .kind = PF_INPUT_KEY, .code = 30, .state = PF_INPUT_DOWN
  };
  Line host, client;
  const guint port = line_play_host (&host, "open=true");
  GstElement *sink;

  line_play_client (&client, port, "");
  line_check_frames (&client);
  /* the beginning of a session needs one as well */
  PF_CHECK (line_wait (&host, &host.key_units, 1));
  sink = gst_bin_get_by_name (GST_BIN (client.pipeline), "sink");
  PF_CHECK (gst_element_send_event (sink, pf_event_new_input (&key)));
  PF_CHECK (line_wait (&host, &host.inputs, 1));
  gst_element_send_event (
      sink, gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
                gst_structure_new ("GstForceKeyUnit", "running-time",
                    G_TYPE_UINT64, GST_CLOCK_TIME_NONE, "all-headers",
                    G_TYPE_BOOLEAN, TRUE, "count", G_TYPE_UINT, 0, NULL)));
  PF_CHECK (line_wait (&host, &host.key_units, 2));
  /* the first frame that came after it was a key frame as far as fakesrc
   * tells: the wish is not repeated */
  g_usleep (1800000);
  PF_CHECK_UINT (client_wishes (&client), ==, 1);
  gst_object_unref (sink);
  line_clear (&client);
  line_clear (&host);
}

/* ---- Another mode ------------------------------------------------------- */

typedef struct {
  gboolean follows;
  guint modes;   /* atomic */
  GstCaps *caps; /* of the mode, atomic; taken by the next frame */
} Follower;

static void
take_mode (Follower *f, const PfMode *mode)
{
  gchar *text = g_strdup_printf (
      "video/x-h264,stream-format=byte-stream,alignment=au,width=%u,"
      "height=%u,framerate=%u/1,profile=main",
      mode->width, mode->height, mode->fps);

  if (f->follows)
    g_atomic_pointer_set (&f->caps, gst_caps_from_string (text));
  g_atomic_int_inc (&f->modes);
  g_free (text);
}

/* As an encoder does whose frames change. */
static GstPadProbeReturn
on_mode (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  Follower *f = user;
  GstCaps *caps = g_atomic_pointer_get (&f->caps);
  PfMode mode;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    if (caps) {
      g_atomic_pointer_set (&f->caps, NULL);
      gst_pad_push_event (pad, gst_event_new_caps (caps));
      gst_caps_unref (caps);
    }
    return GST_PAD_PROBE_OK;
  }
  if (!pf_event_parse_mode (GST_PAD_PROBE_INFO_EVENT (info), &mode))
    return GST_PAD_PROBE_OK;
  take_mode (f, &mode);
  return GST_PAD_PROBE_DROP;
}

static void
follow_modes (Line *host, Follower *f, gboolean follows)
{
  GstElement *encoder =
      gst_bin_get_by_name (GST_BIN (host->pipeline), "encoder");
  GstPad *pad = gst_element_get_static_pad (encoder, "src");

  *f = (Follower){ .follows = follows };
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_EVENT_UPSTREAM | GST_PAD_PROBE_TYPE_BUFFER, on_mode, f,
      NULL);
  gst_object_unref (pad);
  gst_object_unref (encoder);
}

static void
wish_mode (Line *client, guint width, guint height, guint fps)
{
  const PfMode mode = { 0, width, height, fps };
  GstPad *pad = gst_element_get_static_pad (client->end, "video_0");

  PF_REQUIRE (pad != NULL);
  PF_CHECK (gst_pad_send_event (pad, pf_event_new_mode (&mode)));
  gst_object_unref (pad);
}

/* The answer is what the video is, not what was wished. */
static void
test_mode_of (gboolean follows)
{
  Line host, client;
  const guint port = line_play_host (&host, "open=true");
  gboolean accepted = !follows;
  GstStructure *s;
  Follower f;
  guint before;

  follow_modes (&host, &f, follows);
  line_play_client (&client, port, "");
  line_check_frames (&client);
  wish_mode (&client, 320, 240, 50);
  s = line_message (&client, "PfSessionMode", 0);
  PF_REQUIRE (s != NULL);
  PF_CHECK (gst_structure_get_boolean (s, "accepted", &accepted));
  PF_CHECK_INT (accepted, ==, follows);
  PF_CHECK_UINT (line_number (s, "width"), ==, follows ? 320 : 640);
  PF_CHECK_UINT (line_number (s, "fps"), ==, follows ? 50 : 100);
  PF_CHECK_INT (g_atomic_int_get (&f.modes), ==, 1);
  gst_structure_free (s);
  g_mutex_lock (&client.lock);
  before = client.frames;
  g_mutex_unlock (&client.lock);
  PF_CHECK (line_wait (&client, &client.frames, before + 20));
  PF_CHECK_UINT (line_count (&client, &client.wrong), ==, 0);
  line_clear (&client);
  line_clear (&host);
}

static void
test_mode (void)
{
  test_mode_of (TRUE);
}

static void
test_mode_refused (void)
{
  test_mode_of (FALSE);
}

static void
test_bitrate (void)
{
  Line host, client;
  const guint port = line_play_host (&host, "open=true");
  GstStructure *s;

  line_play_client (&client, port, "");
  line_check_frames (&client);
  g_object_set (client.end, "bitrate-kbps", 4321, NULL);
  s = line_message (&client, "PfSessionBitrate", 0);
  PF_REQUIRE (s != NULL);
  PF_CHECK_UINT (line_number (s, "bitrate-kbps"), ==, 4321);
  gst_structure_free (s);
  s = line_message (&host, "PfSessionBitrate", 0);
  PF_REQUIRE (s != NULL);
  PF_CHECK_UINT (line_number (s, "bitrate-kbps"), ==, 4321);
  gst_structure_free (s);
  line_clear (&client);
  line_clear (&host);
}

/* ---- With a server ------------------------------------------------------ */

static void
check_session (LineServer *s, Line *client, guint nth)
{
  GstStructure *offer, *m;
  Line endpoint;
  guint64 id;

  offer = line_message (&s->line, "PfSessionOffer", nth);
  PF_REQUIRE (offer != NULL);
  id = line_id (offer);
  PF_CHECK_STR (gst_structure_get_string (offer, "codecs"), "h264");
  PF_CHECK_UINT (line_number (offer, "width"), ==, 1280);
  gst_structure_free (offer);
  line_play_endpoint (&endpoint, id);
  line_accept (s, id);
  line_check_frames (client);
  m = line_message (client, "PfSessionGranted", 0);
  PF_REQUIRE (m != NULL);
  PF_CHECK_UINT (line_number (m, "width"), ==, 800);
  PF_CHECK_UINT (line_number (m, "fps"), ==, 50);
  PF_CHECK_UINT (line_number (m, "bitrate-kbps"), ==, 7000);
  gst_structure_free (m);
  m = line_message (&s->line, "PfSessionStarted", nth);
  PF_REQUIRE (m != NULL);
  PF_CHECK_UINT (line_id (m), ==, id);
  gst_structure_free (m);
  line_clear (&endpoint); /* which ends the session */
  m = line_message (&s->line, "PfSessionEnded", nth);
  PF_REQUIRE (m != NULL);
  PF_CHECK_UINT (line_id (m), ==, id);
  gst_structure_free (m);
}

static void
test_server (void)
{
  LineServer s;
  Line client;

  line_server_init (&s, 1);
  for (guint i = 0; i < 3; i++) {
    line_play_client (&client, s.port, "");
    check_session (&s, &client, i);
    line_clear (&client);
  }
  line_server_clear (&s);
}

/* Nothing is offered before the answer. */
static void
test_server_later (void)
{
  LineServer s;
  Line client;
  GstStructure *m;
  gboolean ok;

  line_server_init (&s, 2);
  line_play_client (&client, s.port, "");
  m = line_message (&s.line, "PfSessionKnock", 0);
  PF_REQUIRE (m != NULL);
  g_usleep (300000);
  g_mutex_lock (&s.line.lock);
  PF_CHECK_UINT (s.line.messages->len, ==, 1);
  g_mutex_unlock (&s.line.lock);
  g_signal_emit_by_name (s.server, "answer", line_id (m), TRUE, &ok);
  PF_CHECK (ok);
  gst_structure_free (m);
  check_session (&s, &client, 0);
  line_clear (&client);
  line_server_clear (&s);
}

static void
test_server_denies (void)
{
  LineServer s;
  Line client;

  line_server_init (&s, 0);
  line_play_client (&client, s.port, "");
  PF_REQUIRE (line_failed (&client));
  PF_CHECK (strstr (client.error, "0x63") != NULL);
  line_clear (&client);
  line_server_clear (&s);
}

/* After the offer the launcher may find that it cannot. */
static void
test_server_refuses (void)
{
  LineServer s;
  Line client;
  GstStructure *m;
  gboolean ok;

  line_server_init (&s, 1);
  line_play_client (&client, s.port, "");
  m = line_message (&s.line, "PfSessionOffer", 0);
  PF_REQUIRE (m != NULL);
  g_signal_emit_by_name (
      s.server, "refuse", line_id (m), 0x68, "no encoder can do that", &ok);
  PF_CHECK (ok);
  gst_structure_free (m);
  PF_REQUIRE (line_failed (&client));
  PF_CHECK (strstr (client.error, "0x68 no encoder can do that") != NULL);
  line_clear (&client);
  line_server_clear (&s);
}

/* A port that is taken says so. */
static void
test_port_taken (void)
{
  LineServer s;
  gchar *text;
  Line host;

  line_server_init (&s, 1);
  text = g_strdup_printf (HOST, "address=127.0.0.1 open=true");
  line_init (&host, text);
  g_object_set (
      host.end, "port", (gint) s.port, "identity-dir", line_dir, NULL);
  PF_CHECK_INT (gst_element_set_state (host.pipeline, GST_STATE_PLAYING), ==,
      GST_STATE_CHANGE_FAILURE);
  PF_REQUIRE (line_failed (&host));
  PF_CHECK (strstr (host.error, "in use") != NULL);
  line_clear (&host);
  g_free (text);
  line_server_clear (&s);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  PF_TEST_ADD ("/sessions/open", test_open);
  PF_TEST_ADD ("/sessions/gf8", test_gf8);
  PF_TEST_ADD ("/sessions/at-once", test_at_once);
  PF_TEST_ADD ("/sessions/closed", test_closed);
  PF_TEST_ADD ("/sessions/allowed", test_allowed);
  PF_TEST_ADD ("/sessions/pin", test_pin);
  PF_TEST_ADD ("/sessions/busy", test_busy);
  PF_TEST_ADD ("/sessions/wrong-codec", test_wrong_codec);
  PF_TEST_ADD ("/sessions/wishes", test_wishes);
  PF_TEST_ADD ("/sessions/mode", test_mode);
  PF_TEST_ADD ("/sessions/mode-refused", test_mode_refused);
  PF_TEST_ADD ("/sessions/bitrate", test_bitrate);
  PF_TEST_ADD ("/sessions/server", test_server);
  PF_TEST_ADD ("/sessions/server-later", test_server_later);
  PF_TEST_ADD ("/sessions/server-denies", test_server_denies);
  PF_TEST_ADD ("/sessions/server-refuses", test_server_refuses);
  PF_TEST_ADD ("/sessions/port-taken", test_port_taken);
  return line_run (argc, argv);
}
