/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sessions of punktfunk/1 over a bad line: a forwarder stands between the ends
 * and loses what it is told to.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pf-forwarder.h"
#include "pf-quic-audio.h"
#include "pf-pads.h"
#include "pf-test.h"
#include "session-line.h"

#define BETWEEN "127.0.0.2"
#define CLIENT_VIA                                                             \
  "pfquicsrc name=end address=" BETWEEN " port=%u codecs=h264 ! " OPENER

/* What went up to the source, and when. */
typedef struct {
  GMutex lock;
  GCond cond;
  /* lock */
  guint releases, rests, wakes;
  gint64 rested_us, released_us;
} Heard;

typedef struct {
  Line host, client;
  PfForwarder line;
  Heard heard;
} Session;

static guint
free_port (void)
{
  struct sockaddr_in a = { .sin_family = AF_INET };
  socklen_t size = sizeof a;
  const int fd = socket (AF_INET, SOCK_DGRAM, 0);

  a.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  PF_REQUIRE (fd >= 0 && bind (fd, (struct sockaddr *) &a, size) == 0 &&
              getsockname (fd, (struct sockaddr *) &a, &size) == 0);
  close (fd);
  return ntohs (a.sin_port);
}

static GstPadProbeReturn
on_event (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  PfWatched watched;
  PfInput input;
  Heard *h = user;

  (void) pad;
  g_mutex_lock (&h->lock);
  if (pf_event_parse_input (event, &input) && input.kind == PF_INPUT_RELEASE) {
    h->releases++;
    h->released_us = g_get_monotonic_time ();
  }
  if (pf_event_parse_watched (event, &watched)) {
    h->rests += !watched.watched;
    h->wakes += watched.watched;
    if (!watched.watched)
      h->rested_us = g_get_monotonic_time ();
  }
  g_cond_broadcast (&h->cond);
  g_mutex_unlock (&h->lock);
  return GST_PAD_PROBE_OK;
}

static gboolean
heard_wait (Heard *h, const guint *counter, guint least)
{
  const gint64 until = g_get_monotonic_time () + QUIC_WAIT_MS * 1000;
  gboolean ok;

  g_mutex_lock (&h->lock);
  while (*counter < least && g_cond_wait_until (&h->cond, &h->lock, until))
    ;
  ok = *counter >= least;
  g_mutex_unlock (&h->lock);
  return ok;
}

static void
session_begin (Session *s)
{
  const guint data = free_port ();
  gchar *settings = g_strdup_printf ("open=true data-port=%u", data);
  gchar *maps[2], *text;
  GstElement *encoder;
  GstPad *pad;
  guint port;

  memset (&s->heard, 0, sizeof s->heard);
  g_mutex_init (&s->heard.lock);
  g_cond_init (&s->heard.cond);
  port = line_play_host (&s->host, settings);
  encoder = gst_bin_get_by_name (GST_BIN (s->host.pipeline), "encoder");
  pad = gst_element_get_static_pad (encoder, "src");
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_event, &s->heard, NULL);
  gst_object_unref (pad);
  gst_object_unref (encoder);
  maps[0] = g_strdup_printf (BETWEEN ":%u=127.0.0.1:%u", port, port);
  maps[1] = g_strdup_printf (BETWEEN ":%u=127.0.0.1:%u", data, data);
  {
    const char *const args[] = { "--map", maps[0], "--map", maps[1], NULL };

    PF_REQUIRE (pf_forwarder_start (&s->line, g_getenv ("PF_FORWARD"), args));
  }
  text = g_strdup_printf (CLIENT_VIA, port);
  line_init (&s->client, text);
  line_play (&s->client);
  line_check_frames (&s->client);
  g_free (text);
  g_free (maps[0]);
  g_free (maps[1]);
  g_free (settings);
}

static void
session_end (Session *s)
{
  line_clear (&s->client);
  line_clear (&s->host);
  pf_json_free (pf_forwarder_stop (&s->line));
  g_mutex_clear (&s->heard.lock);
  g_cond_clear (&s->heard.cond);
}

static void
set_drop (Session *s, guint ppm)
{
  static const gchar *const ways[] = { "up", "down" };

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++) {
    gchar *command = g_strdup_printf ("%s drop=%u", ways[i], ppm);

    PF_REQUIRE (pf_forwarder_command (&s->line, command));
    g_free (command);
  }
  /* the answer comes when the commands have been taken */
  pf_json_free (pf_forwarder_stats (&s->line));
}

/* A line that is cut: within 3 s nothing is held and the source rests; with the
 * first that is heard again pictures go on, from a key frame. */
static void
test_silent (void)
{
  static Session s;
  gint64 cut;
  guint keys, frames;

  session_begin (&s);
  PF_CHECK_UINT (s.heard.rests, ==, 0);
  cut = g_get_monotonic_time ();
  set_drop (&s, 1000000);
  PF_REQUIRE (heard_wait (&s.heard, &s.heard.rests, 1));
  PF_CHECK (heard_wait (&s.heard, &s.heard.releases, 1));
  pf_test_note ("rests after %u ms, held keys after %u ms",
      (guint) (s.heard.rested_us - cut) / 1000,
      (guint) (s.heard.released_us - cut) / 1000);
  /* the last that was heard came before the cut */
  PF_CHECK_INT (s.heard.rested_us - cut, <=, 3000000);
  PF_CHECK_INT (s.heard.released_us - cut, <=, 3000000);
  g_mutex_lock (&s.host.lock);
  keys = s.host.key_units;
  g_mutex_unlock (&s.host.lock);
  set_drop (&s, 0);
  PF_CHECK (
      heard_wait (&s.heard, &s.heard.wakes, 2)); /* the first: its start */
  PF_CHECK (line_wait (&s.host, &s.host.key_units, keys + 1));
  g_mutex_lock (&s.client.lock);
  frames = s.client.frames;
  g_mutex_unlock (&s.client.lock);
  PF_CHECK (line_wait (&s.client, &s.client.frames, frames + 30));
  PF_CHECK_UINT (line_count (&s.client, &s.client.wrong), ==, 0);
  PF_CHECK (s.client.error == NULL);
  session_end (&s);
}

/* ---- Sound -------------------------------------------------------------- */

static GBytes *
packet_of (guint i)
{
  guint8 bytes[10];

  memset (bytes, (gint) i, sizeof bytes);
  return g_bytes_new (bytes, sizeof bytes);
}

/* Sends 100 packets through a line that loses those that lost() names. */
static void
send_sound (PfQuicAudioIn *in, gboolean redundant, gboolean (*lost) (guint i))
{
  PfQuicAudioOut out = { 0 };

  pf_quic_audio_out_reset (&out, redundant);
  for (guint i = 0; i < 100; i++) {
    GBytes *packet = packet_of (i), *previous;
    guint8 bytes[64];
    PfMsgDatagram d;
    size_t n;

    pf_quic_audio_out_next (&out, packet, 5000000 * i, &d, &previous);
    PF_REQUIRE_INT (
        pf_msg_datagram_encode (&d, bytes, sizeof bytes, &n), ==, 0);
    g_clear_pointer (&previous, g_bytes_unref);
    g_bytes_unref (packet);
    PF_REQUIRE_INT (pf_msg_datagram_decode (bytes, n, &d), ==, 0);
    if (!lost (i))
      PF_CHECK (pf_quic_audio_in_take (in, &d.audio));
  }
  pf_quic_audio_out_reset (&out, FALSE);
}

/* What came out is in order, each packet as it was sent, with its time. */
static guint
check_sound (PfQuicAudioIn *in)
{
  gint last = -1;
  guint n = 0;
  GstBuffer *b;

  while ((b = g_queue_pop_head (&in->packets))) {
    GstReferenceTimestampMeta *meta =
        gst_buffer_get_reference_timestamp_meta (b, NULL);
    guint8 first = 0;

    PF_REQUIRE (meta != NULL);
    gst_buffer_extract (b, 0, &first, 1);
    PF_CHECK_INT (first, >, last);
    PF_CHECK_UINT (meta->timestamp, ==, 5000000 * (guint64) first);
    PF_CHECK_UINT (GST_BUFFER_OFFSET (b), ==, first);
    PF_CHECK_UINT (GST_BUFFER_OFFSET_END (b), ==, first + 1u);
    if (last >= 0)
      PF_CHECK_INT (!GST_BUFFER_FLAG_IS_SET (b, GST_BUFFER_FLAG_DISCONT), ==,
          first == last + 1);
    last = first;
    n++;
    gst_buffer_unref (b);
  }
  return n;
}

static gboolean
every_fifth (guint i)
{
  return i % 5 == 3;
}

static gboolean
two_of_ten (guint i)
{
  return i % 10 == 3 || i % 10 == 4;
}

/* What came before is not played again. */
static void
test_replayed_sound (void)
{
  PfQuicAudioOut out = { 0 };
  PfQuicAudioIn in = { 0 };

  pf_quic_audio_out_reset (&out, TRUE);
  for (guint i = 0; i < 3; i++) {
    GBytes *packet = packet_of (i), *previous;
    PfMsgDatagram d;

    pf_quic_audio_out_next (&out, packet, 5000000 * i, &d, &previous);
    PF_CHECK (pf_quic_audio_in_take (&in, &d.audio));
    PF_CHECK (!pf_quic_audio_in_take (&in, &d.audio));
    g_clear_pointer (&previous, g_bytes_unref);
    g_bytes_unref (packet);
  }
  PF_CHECK_UINT (in.packets.length, ==, 3);
  PF_CHECK_UINT (in.lost, ==, 0);
  pf_quic_audio_out_reset (&out, FALSE);
  pf_quic_audio_in_clear (&in);
}

static void
test_sound (void)
{
  PfQuicAudioIn plain = { 0 }, single = { 0 }, two = { 0 };

  send_sound (&plain, FALSE, every_fifth);
  PF_CHECK_UINT (plain.restored, ==, 0);
  PF_CHECK_UINT (plain.lost, ==, 20 + 16); /* 80 came, 64 may wait */
  pf_quic_audio_in_clear (&plain);
  send_sound (&single, TRUE, every_fifth);
  PF_CHECK_UINT (single.restored, ==, 20);
  PF_CHECK_UINT (single.lost, ==, 36); /* 100 came, 64 may wait */
  PF_CHECK_UINT (check_sound (&single), ==, 64);
  send_sound (&two, TRUE, two_of_ten);
  PF_CHECK_UINT (two.restored, ==, 10);
  PF_CHECK_UINT (two.lost, ==, 10 + 26);
  pf_quic_audio_in_clear (&two);
}

/* ---- Gamepads ----------------------------------------------------------- */

/* To the wire and back, as text. */
static void
check_feedback (const gchar *text)
{
  GstStructure *s = gst_structure_from_string (text, NULL), *back;
  guint8 bytes[128];
  PfMsgDatagram d;
  size_t n;

  PF_REQUIRE (s != NULL);
  PF_REQUIRE (pf_pads_to_feedback (s, &d));
  PF_REQUIRE_INT (pf_msg_datagram_encode (&d, bytes, sizeof bytes, &n), ==, 0);
  PF_REQUIRE_INT (pf_msg_datagram_decode (bytes, n, &d), ==, 0);
  back = pf_pads_from_feedback (&d);
  PF_REQUIRE (back != NULL);
  PF_CHECK (gst_structure_is_equal (s, back));
  gst_structure_free (back);
  gst_structure_free (s);
}

static void
test_feedback (void)
{
  static const gchar *const none[] = {
    "PfGamepadFeedback,kind=(string)rumble,pad=(uint)16",
    "PfGamepadFeedback,kind=(string)trigger,pad=(uint)0",
    "PfGamepadFeedback,kind=(string)song,pad=(uint)0",
    "PfGamepadFeedback,pad=(uint)0",
  };
  PfMsgDatagram d;

  check_feedback ("PfGamepadFeedback,kind=(string)rumble,pad=(uint)3,low=(uint)"
                  "65535,high=(uint)1,left-trigger=(uint)0,right-trigger=(uint)"
                  "0,seq=(uint)255,ttl-ms=(uint)400");
  check_feedback ("PfGamepadFeedback,kind=(string)rumble,pad=(uint)0,low=(uint)"
                  "1,high=(uint)2,left-trigger=(uint)3,right-trigger=(uint)4,"
                  "seq=(uint)5,ttl-ms=(uint)6");
  check_feedback ("PfGamepadFeedback,kind=(string)led,pad=(uint)15,red=(uint)"
                  "255,green=(uint)128,blue=(uint)1");
  check_feedback (
      "PfGamepadFeedback,kind=(string)player-leds,pad=(uint)1,bits=(uint)31");
  check_feedback ("PfGamepadFeedback,kind=(string)haptic,pad=(uint)2,side=("
                  "uint)1,amplitude=(uint)500,period=(uint)20,count=(uint)9");
  for (guint i = 0; i < G_N_ELEMENTS (none); i++) {
    GstStructure *s = gst_structure_from_string (none[i], NULL);

    PF_CHECK (!pf_pads_to_feedback (s, &d));
    gst_structure_free (s);
  }
}

static guint
uint_of (const GstStructure *s, const gchar *name)
{
  guint value = G_MAXUINT;

  gst_structure_get_uint (s, name, &value);
  return value;
}

static void
test_pads (void)
{
  const PfMsgPadState state = { .pad = 4,
    .seq = 200,
    .buttons = PF_PAD_A | PF_PAD_MISC,
    .left_x = -32768,
    .right_y = 32767,
    .right_trigger = 255 };
  const PfMsgPenSample pen = { .state = PF_PEN_IN_RANGE | PF_PEN_TOUCHING |
                                        PF_PEN_BARREL_2,
    .tool = 1,
    .x = .25f,
    .y = .5f,
    .pressure = 65535 };
  const PfMsgInput key = { .kind = PF_MSG_INPUT_KEY_DOWN, .code = 65 };
  PfMsgInput input;
  PfInput event;
  GstStructure *s;
  gint x = 0;

  pf_msg_input_from_pad_state (&state, &input);
  s = pf_pads_from_input (&input);
  PF_REQUIRE (s != NULL);
  PF_CHECK_STR (gst_structure_get_string (s, "kind"), "state");
  PF_CHECK_UINT (uint_of (s, "pad"), ==, 4);
  PF_CHECK_UINT (uint_of (s, "seq"), ==, 200);
  PF_CHECK_UINT (uint_of (s, "buttons"), ==, state.buttons);
  PF_CHECK_UINT (uint_of (s, "right-trigger"), ==, 255);
  PF_CHECK (gst_structure_get_int (s, "left-x", &x) && x == -32768);
  PF_CHECK (gst_structure_get_int (s, "right-y", &x) && x == 32767);
  gst_structure_free (s);
  PF_CHECK (pf_pads_from_input (&key) == NULL);
  PF_CHECK (pf_pads_pen (&pen, &event));
  PF_CHECK_UINT (event.kind, ==, PF_INPUT_PEN);
  PF_CHECK_UINT (event.code, ==, PF_PEN_ERASER);
  PF_CHECK_UINT (event.state, ==, PF_INPUT_DOWN);
  PF_CHECK_UINT (event.buttons, ==, 2);
  PF_CHECK (event.pressure == 1. && event.x == .25 && event.y == .5);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  PF_TEST_ADD ("/session-loss/silent", test_silent);
  PF_TEST_ADD ("/session-loss/sound", test_sound);
  PF_TEST_ADD ("/session-loss/sound-again", test_replayed_sound);
  PF_TEST_ADD ("/session-loss/feedback", test_feedback);
  PF_TEST_ADD ("/session-loss/pads", test_pads);
  return line_run (argc, argv);
}
