/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A client that was let in and means harm: whatever it says or sends costs it
 * what it has itself, and another session nothing.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pf-client-session.h"
#include "pf-host-session.h"
#include "pf-punch.h"
#include "pf-test.h"
#include "session-line.h"

#define STORM 20000

/* A client made by hand. */
typedef struct {
  QuicClient quic;
  gint64 stream;
  int media;
  Line endpoint; /* what the host made for it */
} Hostile;

static void
send_message (Hostile *h, const guint8 *message, gsize size)
{
  guint8 *frame = g_malloc (PF_MSG_FRAME_HEADER + size);
  GBytes *bytes;

  pf_msg_frame_finish (frame, size);
  memcpy (frame + PF_MSG_FRAME_HEADER, message, size);
  bytes = g_bytes_new_take (frame, PF_MSG_FRAME_HEADER + size);
  pf_quic_link_send (h->quic.link, h->stream, bytes, FALSE);
  g_bytes_unref (bytes);
}

static void
send_control (Hostile *h, const PfMsgControl *control)
{
  guint8 bytes[PF_MSG_CONTROL_MAX];
  size_t size;

  PF_REQUIRE_INT (
      pf_msg_control_encode (control, bytes, sizeof bytes, &size), ==, 0);
  send_message (h, bytes, size);
}

static void
say_hello (Hostile *h)
{
  guint8 bytes[PF_MSG_HELLO_MAX];
  PfMsgHello hello;
  size_t size;

  pf_msg_hello_init (&hello);
  hello.mode = (PfMsgMode){ 1280, 720, 60 };
  hello.video_codecs = PF_CODEC_H264;
  PF_REQUIRE_INT (
      pf_msg_hello_encode (&hello, bytes, sizeof bytes, &size), ==, 0);
  send_message (h, bytes, size);
}

/* The port that the Welcome names. */
static guint
read_welcome (Hostile *h)
{
  PfMsgKeys keys;
  PfMsgWelcome w;
  guint size;

  PF_REQUIRE (quic_end_wait_bytes (&h->quic.end, PF_MSG_FRAME_HEADER + 53));
  g_mutex_lock (&h->quic.end.lock);
  size = h->quic.end.received->len - PF_MSG_FRAME_HEADER;
  PF_REQUIRE_INT (
      pf_msg_welcome_decode (h->quic.end.received->data + PF_MSG_FRAME_HEADER,
          size, FALSE, &w, &keys),
      ==, 0);
  g_mutex_unlock (&h->quic.end.lock);
  return w.udp_port;
}

static void
say_start (Hostile *h, guint port)
{
  struct sockaddr_in a = { .sin_family = AF_INET };
  socklen_t size = sizeof a;
  guint8 bytes[PF_MSG_START_MAX];
  PfMsgStart start = { 0 };
  size_t n;

  a.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  h->media = socket (AF_INET, SOCK_DGRAM, 0);
  PF_REQUIRE (bind (h->media, (struct sockaddr *) &a, size) == 0 &&
              getsockname (h->media, (struct sockaddr *) &a, &size) == 0);
  start.client_udp_port = ntohs (a.sin_port);
  PF_REQUIRE_INT (pf_msg_start_encode (&start, bytes, sizeof bytes, &n), ==, 0);
  send_message (h, bytes, n);
  a.sin_port = htons ((guint16) port);
  PF_REQUIRE (sendto (h->media, pf_punch_bytes, PF_PUNCH_SIZE, 0,
                  (struct sockaddr *) &a, sizeof a) == PF_PUNCH_SIZE);
}

/* A key frame answers any wish; these are none. */
static GstPadProbeReturn
make_delta (GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
  GstBuffer *buffer =
      gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));

  (void) pad;
  (void) user;
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  GST_PAD_PROBE_INFO_DATA (info) = buffer;
  return GST_PAD_PROBE_OK;
}

static void
without_keys (Line *endpoint)
{
  GstElement *encoder =
      gst_bin_get_by_name (GST_BIN (endpoint->pipeline), "encoder");
  GstPad *pad = gst_element_get_static_pad (encoder, "src");

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, make_delta, NULL, NULL);
  gst_object_unref (pad);
  gst_object_unref (encoder);
}

static void
hostile_begin (Hostile *h, LineServer *server, guint nth)
{
  static gchar *alpn[] = { (gchar *) PF_MSG_ALPN, NULL };
  GstStructure *offer;

  memset (h, 0, sizeof *h);
  quic_client_init (&h->quic, FALSE);
  g_strfreev (h->quic.config.tls.alpn);
  h->quic.config.tls.alpn = g_strdupv (alpn);
  quic_client_connect (&h->quic, "127.0.0.1", server->port);
  PF_REQUIRE (quic_end_wait (&h->quic.end, &h->quic.end.n_ready, 1));
  h->quic.end.consume = TRUE;
  h->stream = pf_quic_link_open (h->quic.link, TRUE);
  say_hello (h);
  offer = line_message (&server->line, "PfSessionOffer", nth);
  PF_REQUIRE (offer != NULL);
  line_play_endpoint (&h->endpoint, line_id (offer));
  without_keys (&h->endpoint);
  line_accept (server, line_id (offer));
  gst_structure_free (offer);
  say_start (h, read_welcome (h));
  PF_CHECK (line_wait (&h->endpoint, &h->endpoint.key_units, 1));
}

static void
hostile_end (Hostile *h)
{
  close (h->media);
  quic_client_clear (&h->quic);
  line_clear (&h->endpoint);
}

static guint
count_messages (Line *l, const gchar *name)
{
  guint n = 0;

  g_mutex_lock (&l->lock);
  for (guint i = 0; i < l->messages->len; i++)
    n += gst_structure_has_name (l->messages->pdata[i], name);
  g_mutex_unlock (&l->lock);
  return n;
}

static guint
frames_of (Line *l)
{
  guint n;

  g_mutex_lock (&l->lock);
  n = l->frames;
  g_mutex_unlock (&l->lock);
  return n;
}

/* The other session, which is to lose nothing. */
static void
bystander_begin (Line *client, Line *endpoint, LineServer *server)
{
  GstStructure *offer;

  line_play_client (client, server->port, "");
  offer = line_message (&server->line, "PfSessionOffer", 0);
  PF_REQUIRE (offer != NULL);
  line_play_endpoint (endpoint, line_id (offer));
  line_accept (server, line_id (offer));
  gst_structure_free (offer);
  line_check_frames (client);
}

static void
bystander_check (Line *client, guint before, gint64 begin)
{
  const guint came = frames_of (client) - before;
  const guint due =
      (guint) ((g_get_monotonic_time () - begin) * 100 / G_USEC_PER_SEC);

  pf_test_note ("the other session: %u frames of %u", came, due);
  PF_CHECK_UINT (came + 10, >=, due * 9 / 10); /* as fast as fakesrc is */
  PF_CHECK_UINT (line_count (client, &client->wrong), ==, 0);
  PF_CHECK (client->error == NULL);
}

/* S38: wishes in any number. */
static void
test_wishes (void)
{
  static const PfMsgControl wishes[] = {
    { .type = PF_MSG_REQUEST_KEYFRAME },
    { .type = PF_MSG_RFI_REQUEST, .rfi_request = { 500000, 500001 } },
    { .type = PF_MSG_RECONFIGURE, .reconfigure = { 16384, 16384, 1000 } },
    { .type = PF_MSG_RECONFIGURE, .reconfigure = { 0, 0, 0 } },
    { .type = PF_MSG_RECONFIGURE, .reconfigure = { 1920, 1080, 60 } },
    { .type = PF_MSG_SET_BITRATE, .bitrate.bitrate_kbps = UINT32_MAX },
    { .type = PF_MSG_LOSS_REPORT, .loss_report.loss_ppm = UINT32_MAX },
    { .type = PF_MSG_PROBE_REQUEST, .probe_request = { 1000, 10 } },
  };
  Line client, endpoint;
  LineServer server;
  GstStructure *mode;
  gint64 begin;
  guint before, seconds;
  Hostile h;

  line_server_init (&server, 1);
  bystander_begin (&client, &endpoint, &server);
  hostile_begin (&h, &server, 1);
  before = frames_of (&client);
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < STORM; i++)
    send_control (&h, &wishes[i % G_N_ELEMENTS (wishes)]);
  PF_CHECK (line_wait (&h.endpoint, &h.endpoint.key_units, 2));
  PF_CHECK (line_wait (&client, &client.frames, before + 200));
  bystander_check (&client, before, begin);
  seconds = (guint) ((g_get_monotonic_time () - begin) / G_USEC_PER_SEC) + 1;
  g_mutex_lock (&h.endpoint.lock);
  pf_test_note ("%u key units in %u s", h.endpoint.key_units, seconds);
  PF_CHECK_UINT (h.endpoint.key_units, <=, 3 + 2 * seconds);
  g_mutex_unlock (&h.endpoint.lock);
  PF_CHECK_UINT (
      count_messages (&h.endpoint, "PfSessionMode"), <=, 1 + 2 * seconds);
  mode = line_message (&h.endpoint, "PfSessionMode", 0);
  PF_REQUIRE (mode != NULL);
  PF_CHECK_UINT (line_number (mode, "width"), ==, 1920);
  gst_structure_free (mode);
  PF_CHECK_UINT (
      count_messages (&h.endpoint, "PfSessionBitrate"), <=, 10 * seconds + 1);
  hostile_end (&h);
  line_clear (&client);
  line_clear (&endpoint);
  line_server_clear (&server);
}

static void
send_datagram (Hostile *h, const PfMsgDatagram *d)
{
  guint8 bytes[256];
  size_t size;

  PF_REQUIRE_INT (
      pf_msg_datagram_encode (d, bytes, sizeof bytes, &size), ==, 0);
  pf_quic_link_wait_datagrams (h->quic.link, 100000, 0);
  pf_quic_link_send_datagram (h->quic.link, bytes, size);
}

/* S22, S38: a microphone that nobody offered, bytes of any kind, and gamepads
 * that come and go. */
static void
test_datagrams (void)
{
  const PfMsgDatagram mic = { .tag = PF_DGRAM_MIC,
    .audio = { 7, 8, { (const uint8_t *) "opus", 4 }, { NULL, 0 } } };
  const PfMsgDatagram pad = { .tag = PF_DGRAM_INPUT,
    .input = { .kind = PF_MSG_INPUT_PAD_REMOVED, .flags = 3 } };
  Line client, endpoint;
  LineServer server;
  gint64 begin;
  guint before, pads, seconds;
  Hostile h;

  line_server_init (&server, 1);
  bystander_begin (&client, &endpoint, &server);
  hostile_begin (&h, &server, 1);
  before = frames_of (&client);
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < STORM; i++) {
    guint8 junk[40];
    const gsize size = 1 + pf_test_random_below (sizeof junk);

    for (gsize j = 0; j < size; j++)
      junk[j] = (guint8) pf_test_random ();
    junk[0] = i % 2 ? PF_DGRAM_MIC : junk[0];
    pf_quic_link_send_datagram (h.quic.link, junk, size);
    send_datagram (&h, i % 4 ? &pad : &mic);
  }
  PF_CHECK (line_wait (&client, &client.frames, before + 200));
  bystander_check (&client, before, begin);
  seconds = (guint) ((g_get_monotonic_time () - begin) / G_USEC_PER_SEC) + 1;
  pads = count_messages (&h.endpoint, "PfGamepad");
  pf_test_note ("%u messages of gamepads in %u s", pads, seconds);
  PF_CHECK_UINT (pads, >=, 100);
  PF_CHECK_UINT (
      pads, <=, PF_HOST_DATAGRAMS_PER_S * seconds + PF_HOST_DATAGRAMS_AT_ONCE);
  PF_CHECK (h.endpoint.error == NULL);
  /* its own session lives as well */
  PF_CHECK_UINT (count_messages (&h.endpoint, "PfSessionEnded"), ==, 0);
  hostile_end (&h);
  line_clear (&client);
  line_clear (&endpoint);
  line_server_clear (&server);
}

/* The client goes while its endpoint does: whoever stops waits for what the end
 * of the session still tells. */
static void
test_both_end (void)
{
  LineServer server;

  line_server_init (&server, 1);
  for (guint i = 0; i < 40; i++) {
    Hostile h;

    hostile_begin (&h, &server, i);
    pf_quic_link_close (h.quic.link, 0, "done");
    g_usleep (pf_test_random_below (1500));
    line_clear (&h.endpoint);
    close (h.media);
    quic_client_clear (&h.quic);
  }
  line_server_clear (&server);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  PF_TEST_ADD ("/S38/wishes", test_wishes);
  PF_TEST_ADD ("/S22-S38/datagrams", test_datagrams);
  PF_TEST_ADD ("/S38/both-end", test_both_end);
  return line_run (argc, argv);
}
