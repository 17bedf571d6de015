/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's RTSP: a recorded handshake of a real client, byte by byte from
 * both ends, and what no client sends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto-vectors.h"
#include "pf-gs-handshake.h"
#include "pf-gs-rtsp-seal.h"
#include "pf-test.h"

static char out[PF_GS_RTSP_SIZE_MAX];

static PfGsText
text (const char *string)
{
  return (PfGsText){ string, strlen (string) };
}

static PfGsWriter
writer (void)
{
  return (PfGsWriter){ .bytes = out, .room = sizeof out };
}

/* What the recorded host said. */
static PfGsHostOffer
recorded_offer (const PfJson *root)
{
  PfGsHostOffer o = { .audio_port = 53000,
    .video_port = 52998,
    .control_port = 52999,
    .describe = { .features = 3,
        .encryption_supported = 7,
        .encryption_requested = 1,
        .rfi = true,
        .hevc = true,
        .av1 = true },
    .encryption_required = PF_GS_ENC_ALL,
    .codecs = PF_GS_CODEC_H264 | PF_GS_CODEC_HEVC };

  o.connect_data =
      (uint32_t) crypto_vectors_int (pf_json_member (root, "connect_data"));
  snprintf (o.ping_payload, sizeof o.ping_payload, "%s",
      pf_json_string (pf_json_member (root, "ping_payload")));
  return o;
}

static void
check_text (const char *bytes, size_t size, const PfJson *expected)
{
  const char *s = pf_json_string (expected);

  PF_REQUIRE (s != NULL);
  PF_CHECK_UINT (size, ==, strlen (s));
  PF_CHECK_MEM (bytes, s, size < strlen (s) ? size : strlen (s));
}

/* ---- Recorded ----------------------------------------------------------- */

static void
test_vector_host (void)
{
  const PfJson *root = crypto_vectors_load ("gamestream/rtsp_session.json");
  const Bytes key = crypto_vectors_hex (pf_json_member (root, "key"));
  const PfGsHostOffer offer = recorded_offer (root);
  static char plain[PF_GS_RTSP_SIZE_MAX];
  static uint8_t sealed[PF_GS_RTSP_SIZE_MAX + PF_GS_RTSP_SEAL_HEADER];
  PfGsHostHandshake h;
  PfGsRtspSeal *seal;
  unsigned n = 0;

  PF_REQUIRE_INT (pf_gs_rtsp_seal_new (true, key.data, &seal), ==, 0);
  pf_gs_host_handshake_init (&h, &offer);
  for (const PfJson *x = pf_json_first (pf_json_member (root, "exchanges")); x;
       x = pf_json_next (x), n++) {
    const Bytes in = crypto_vectors_hex (pf_json_member (x, "request_wire"));
    const Bytes answer =
        crypto_vectors_hex (pf_json_member (x, "response_wire"));
    PfGsWriter w = writer ();
    PfGsRtspMessage m;
    size_t size;

    PF_CHECK (pf_gs_rtsp_is_sealed (in.data, in.size));
    for (size_t i = 0; i < 4; i++)
      PF_CHECK_INT (pf_gs_rtsp_sealed_size (in.data, i), ==, 0);
    PF_CHECK_INT (pf_gs_rtsp_sealed_size (in.data, 4), ==, (long long) in.size);
    PF_REQUIRE_INT (
        pf_gs_rtsp_open (seal, in.data, in.size, plain, &size), ==, 0);
    check_text (plain, size, pf_json_member (x, "request_plain"));
    PF_REQUIRE_INT (
        pf_gs_rtsp_request_parse (plain, size, &m), ==, (long long) size);
    PF_CHECK_UINT (m.cseq, ==, n + 1);
    PF_CHECK_INT (h.step, ==, (int) n);
    PF_REQUIRE_UINT (pf_gs_host_handshake_request (&h, &m), ==, 200);
    PF_CHECK (h.fault == NULL);
    pf_gs_host_handshake_respond (&h, 200, &w);
    PF_CHECK (!w.full);
    check_text (out, w.size, pf_json_member (x, "response_plain"));
    PF_REQUIRE_INT (pf_gs_rtsp_seal (seal, out, w.size, sealed, &size), ==, 0);
    PF_CHECK_UINT (size, ==, answer.size);
    PF_CHECK_MEM (sealed, answer.data, answer.size);
    /* the same again is refused */
    PF_CHECK_INT (pf_gs_rtsp_open (seal, in.data, in.size, plain, &size), ==,
        PF_ERR_REPLAY);
  }
  PF_CHECK_UINT (n, ==, 7);
  PF_CHECK_INT (h.step, ==, PF_GS_STEP_DONE);
  PF_CHECK_UINT (h.announce.width, ==, 1280);
  PF_CHECK_UINT (h.announce.packet_size, ==, 1360);
  PF_CHECK_UINT (h.announce.refresh_x100, ==, 5994);
  PF_CHECK_UINT (h.announce.channels, ==, 6);
  PF_CHECK (h.high_quality);
  pf_gs_rtsp_seal_free (seal);
  crypto_vectors_clear ();
}

/* What the recorded client announced. */
static const PfGsAnnounce recorded = {
  .client_features = 3,
  .encryption = 7,
  .width = 1280,
  .height = 720,
  .fps = 60,
  .refresh_x100 = 5994,
  .packet_size = 1360,
  .initial_kbps = 16000,
  .peak_kbps = 16000,
  .min_kbps = 16000,
  .max_kbps = 16000,
  .configured_kbps = 20000,
  .video_qos = 5,
  .audio_qos = 4,
  .general_flags = 167,
  .reliable_udp = 13,
  .min_fec_packets = 2,
  .slices = 1,
  .supports_hevc = 1,
  .format = PF_GS_FORMAT_HEVC,
  .channels = 6,
  .channel_mask = 63,
  .high_quality = 1,
  .audio_ms = 5,
  .csc = 2,
};

static void
test_vector_client (void)
{
  const PfJson *root = crypto_vectors_load ("gamestream/rtsp_session.json");
  const PfGsHostOffer offer = recorded_offer (root);
  PfGsClientHandshake h;

  PF_REQUIRE_INT (pf_gs_client_handshake_init (
                      &h, "rtspenc://127.0.0.1:53010", "127.0.0.1"),
      ==, 0);
  h.announce = recorded;
  for (const PfJson *x = pf_json_first (pf_json_member (root, "exchanges")); x;
       x = pf_json_next (x)) {
    const char *answer = pf_json_string (pf_json_member (x, "response_plain"));
    PfGsWriter w = writer ();
    unsigned status = 0;

    pf_gs_client_handshake_request (&h, &w);
    PF_CHECK (!w.full);
    check_text (out, w.size, pf_json_member (x, "request_plain"));
    PF_REQUIRE_INT (
        pf_gs_client_handshake_answer (&h, answer, strlen (answer), &status),
        ==, 0);
    PF_CHECK_UINT (status, ==, 200);
  }
  PF_CHECK_INT (h.step, ==, PF_GS_STEP_DONE);
  PF_CHECK_UINT (h.audio_port, ==, 53000);
  PF_CHECK_UINT (h.video_port, ==, 52998);
  PF_CHECK_UINT (h.control_port, ==, 52999);
  PF_CHECK_UINT (h.connect_data, ==, offer.connect_data);
  PF_CHECK_STR (h.ping_payload, offer.ping_payload);
  PF_CHECK_UINT (h.describe.features, ==, 3);
  PF_CHECK_UINT (h.describe.encryption_supported, ==, 7);
  PF_CHECK_UINT (h.describe.encryption_requested, ==, 1);
  PF_CHECK (h.describe.rfi && h.describe.hevc && h.describe.av1);
  PF_CHECK_UINT (h.layout.streams, ==, 6);
  crypto_vectors_clear ();
}

/* Each attribute that was recorded is one that is read or known. */
static void
test_vector_attributes (void)
{
  const PfJson *root = crypto_vectors_load ("gamestream/rtsp_session.json");
  const PfJson *list = pf_json_member (root, "announce_attributes");
  PfGsWriter w = writer ();
  unsigned n = 0;

  pf_gs_announce_write (&w, &recorded, "127.0.0.1", 1);
  out[w.size] = '\0';
  for (const PfJson *a = pf_json_first (list); a; a = pf_json_next (a), n++) {
    char line[128];

    snprintf (line, sizeof line, "a=%s:%s \r\n", pf_json_name (a),
        pf_json_string (a));
    if (!strstr (out, line))
      pf_test_fail (__FILE__, __LINE__, "missing: %s", line);
  }
  PF_CHECK_UINT (n, ==, 37);
  crypto_vectors_clear ();
}

/* ---- Numbers of an announcement ----------------------------------------- */

/* The recorded announcement with this value for an attribute; NULL: without
 * it. */
static int
parse_with (const char *name, const char *value, PfGsAnnounce *a)
{
  static char sdp[PF_GS_RTSP_SIZE_MAX];
  PfGsWriter w = writer ();
  PfGsText rest, line;
  const char *which = "";
  size_t size = 0;
  int ret;

  pf_gs_announce_write (&w, &recorded, "127.0.0.1", 1);
  PF_REQUIRE (!w.full);
  rest = (PfGsText){ out, w.size };
  while (pf_gs_text_line (&rest, &line)) {
    const bool is_it = line.size > strlen (name) + 2 &&
                       memcmp (line.data + 2, name, strlen (name)) == 0 &&
                       line.data[2 + strlen (name)] == ':';

    if (is_it && !value)
      continue;
    size += (size_t) snprintf (sdp + size, sizeof sdp - size, "%.*s%s \r\n",
        is_it ? (int) strlen (name) + 3 : (int) line.size, line.data,
        is_it ? value : "");
  }
  ret = pf_gs_announce_parse ((PfGsText){ sdp, size }, a, &which);
  if (ret < 0)
    PF_CHECK_STR (which, name);
  return ret;
}

static void
test_ranges (void)
{
  static const struct {
    const char *name, *value;
    int ret;
  } cases[] = {
    { "x-nv-video[0].packetSize", "0", PF_ERR_RANGE },
    { "x-nv-video[0].packetSize", "15", PF_ERR_RANGE },
    { "x-nv-video[0].packetSize", "16", PF_ERR_RANGE },
    { "x-nv-video[0].packetSize", "17", PF_ERR_RANGE },
    { "x-nv-video[0].packetSize", "255", PF_ERR_RANGE },
    { "x-nv-video[0].packetSize", "256", 0 },
    { "x-nv-video[0].packetSize", "1392", 0 },
    { "x-nv-video[0].packetSize", "9168", 0 },
    { "x-nv-video[0].packetSize", "9169", PF_ERR_RANGE },
    { "x-nv-video[0].packetSize", "4294967295", PF_ERR_RANGE },
    { "x-nv-video[0].packetSize", "4294968688", PF_ERR_RANGE },
    { "x-nv-video[0].packetSize", "18446744073709553008", PF_ERR_RANGE },
    { "x-nv-video[0].packetSize", "-1392", PF_ERR_INVALID },
    { "x-nv-video[0].packetSize", "1392x", PF_ERR_INVALID },
    { "x-nv-video[0].packetSize", "0x570", PF_ERR_INVALID },
    { "x-nv-video[0].packetSize", "", PF_ERR_INVALID },
    { "x-nv-video[0].packetSize", NULL, PF_ERR_INVALID },
    { "x-nv-video[0].maxFPS", "0", PF_ERR_RANGE },
    { "x-nv-video[0].maxFPS", "1001", PF_ERR_RANGE },
    { "x-nv-video[0].maxFPS", NULL, PF_ERR_INVALID },
    { "x-nv-video[0].clientViewportWd", "0", PF_ERR_RANGE },
    { "x-nv-video[0].clientViewportWd", "1279", 0 },
    { "x-nv-video[0].clientViewportWd", "16385", PF_ERR_RANGE },
    { "x-nv-video[0].clientViewportWd", NULL, PF_ERR_INVALID },
    { "x-nv-video[0].clientViewportHt", "0", PF_ERR_RANGE },
    { "x-nv-video[0].clientViewportHt", NULL, PF_ERR_INVALID },
    { "x-nv-vqos[0].bw.maximumBitrateKbps", NULL, PF_ERR_INVALID },
    { "x-nv-vqos[0].bw.maximumBitrateKbps", "a", PF_ERR_INVALID },
    { "x-nv-video[0].videoEncoderSlicesPerFrame", NULL, PF_ERR_INVALID },
    { "x-nv-video[0].maxNumReferenceFrames", NULL, PF_ERR_INVALID },
    { "x-nv-audio.surround.numChannels", "0", PF_ERR_RANGE },
    { "x-nv-audio.surround.numChannels", "1", PF_ERR_RANGE },
    { "x-nv-audio.surround.numChannels", "4", PF_ERR_RANGE },
    { "x-nv-audio.surround.numChannels", "9", PF_ERR_RANGE },
    { "x-nv-audio.surround.numChannels", NULL, PF_ERR_INVALID },
    { "x-nv-audio.surround.channelMask", NULL, PF_ERR_INVALID },
    { "x-nv-audio.surround.AudioQuality", NULL, PF_ERR_INVALID },
    { "x-nv-aqos.packetDuration", "0", PF_ERR_RANGE },
    { "x-nv-aqos.packetDuration", "7", PF_ERR_RANGE },
    { "x-nv-aqos.packetDuration", "10", 0 },
    { "x-nv-vqos[0].bitStreamFormat", "3", PF_ERR_RANGE },
    { "x-nv-video[0].dynamicRangeMode", "2", PF_ERR_RANGE },
    { "x-ss-video[0].chromaSamplingType", "2", PF_ERR_RANGE },
    { "x-nv-video[0].encoderCscMode", "6", PF_ERR_RANGE },
    { "x-nv-vqos[0].fec.enable", "nonsense", 0 }, /* is not looked at */
  };
  PfGsAnnounce a, untouched;

  memset (&untouched, 7, sizeof untouched);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int ret;

    a = untouched;
    ret = parse_with (cases[i].name, cases[i].value, &a);
    if (ret != cases[i].ret)
      pf_test_fail (__FILE__, __LINE__, "%s:%s: %d, not %d", cases[i].name,
          cases[i].value ? cases[i].value : "-", ret, cases[i].ret);
    if (ret < 0)
      PF_CHECK_MEM (&a, &untouched, sizeof a);
  }
}

/* Numbers that are only wishes are brought into their range. */
static void
test_clamped (void)
{
  static const struct {
    const char *name, *value;
    size_t offset;
    uint32_t result;
  } cases[] = {
    { "x-nv-vqos[0].bw.maximumBitrateKbps", "0",
        offsetof (PfGsAnnounce, max_kbps), 500 },
    { "x-nv-vqos[0].bw.maximumBitrateKbps", "99999999999999999999",
        offsetof (PfGsAnnounce, max_kbps), 8000000 },
    { "x-ml-video.configuredBitrateKbps", "4294967295",
        offsetof (PfGsAnnounce, configured_kbps), 8000000 },
    { "x-nv-video[0].videoEncoderSlicesPerFrame", "0",
        offsetof (PfGsAnnounce, slices), 1 },
    { "x-nv-video[0].videoEncoderSlicesPerFrame", "4000000000",
        offsetof (PfGsAnnounce, slices), 32 },
    { "x-nv-vqos[0].fec.minRequiredFecPackets", "255",
        offsetof (PfGsAnnounce, min_fec_packets), 64 },
    { "x-nv-video[0].clientRefreshRateX100", "4294967295",
        offsetof (PfGsAnnounce, refresh_x100), 100000 },
    { "x-nv-vqos[0].qosTrafficType", NULL, offsetof (PfGsAnnounce, video_qos),
        5 },
    { "x-nv-general.useReliableUdp", NULL,
        offsetof (PfGsAnnounce, reliable_udp), 1 },
    { "x-ml-general.featureFlags", NULL,
        offsetof (PfGsAnnounce, client_features), 0 },
    { "x-nv-aqos.packetDuration", NULL, offsetof (PfGsAnnounce, audio_ms), 5 },
    { "x-nv-general.featureFlags", NULL, offsetof (PfGsAnnounce, general_flags),
        135 },
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    PfGsAnnounce a = { 0 };

    PF_CHECK_INT (parse_with (cases[i].name, cases[i].value, &a), ==, 0);
    if (*(uint32_t *) ((uint8_t *) &a + cases[i].offset) != cases[i].result)
      pf_test_fail (__FILE__, __LINE__, "%s", cases[i].name);
  }
}

static void
test_choices (void)
{
  PfGsAnnounce a = recorded;

  PF_CHECK_UINT (pf_gs_announce_codec (&a), ==, PF_GS_CODEC_HEVC);
  a.ten_bit = 1;
  PF_CHECK_UINT (pf_gs_announce_codec (&a), ==, PF_GS_CODEC_HEVC_10);
  a.chroma_444 = 1;
  PF_CHECK_UINT (pf_gs_announce_codec (&a), ==, PF_GS_CODEC_HEVC_444_10);
  a.format = PF_GS_FORMAT_H264;
  PF_CHECK_UINT (pf_gs_announce_codec (&a), ==, 0);
  a = recorded;
  a.encryption = 1;
  PF_CHECK_UINT (pf_gs_announce_encryption (&a), ==,
      PF_GS_ENC_CONTROL_V2 | PF_GS_ENC_AUDIO);
  a.general_flags = 135;
  PF_CHECK_UINT (pf_gs_announce_encryption (&a), ==, PF_GS_ENC_CONTROL_V2);
  /* 20000 less a fifth, less audio, less 500 */
  PF_CHECK_UINT (pf_gs_announce_kbps (&a, 20, true), ==, 16000 - 1536 - 500);
  PF_CHECK_UINT (pf_gs_announce_kbps (&a, 20, false), ==, 16000 - 576 - 500);
  a.configured_kbps = 1000;
  PF_CHECK_UINT (pf_gs_announce_kbps (&a, 20, false), ==, 800 - 160 - 64);
  a.configured_kbps = 1;
  PF_CHECK_UINT (pf_gs_announce_kbps (&a, 80, false), >, 0);
  a.configured_kbps = 0;
  PF_CHECK_UINT (pf_gs_announce_kbps (&a, 20, false), ==, 16000);
  a.channels = 2;
  PF_CHECK (pf_gs_announce_high_quality (&a, text ("192.0.2.1:48010")));
  PF_CHECK (!pf_gs_announce_high_quality (&a, text ("0.0.0.0:48010")));
}

/* ---- Layouts ------------------------------------------------------------ */

/* What is written for an encoder's layout is what a client decodes with. */
static void
test_layouts (void)
{
  static const unsigned channels[3] = { 2, 6, 8 };
  PfGsDescribe d = { .features = 3 };
  PfGsOpusLayout ours, theirs;
  PfGsWriter w = writer ();

  pf_gs_describe_write (&w, &d);
  for (int i = 0; i < 3; i++)
    for (int high = 0; high < 2; high++) {
      PF_CHECK_INT (pf_gs_opus_layout (channels[i], high, &ours), ==, 0);
      PF_CHECK_INT (pf_gs_describe_layout (
                        (PfGsText){ out, w.size }, channels[i], high, &theirs),
          ==, 0);
      PF_CHECK_MEM (&ours, &theirs, sizeof ours);
    }
  PF_CHECK_INT (pf_gs_opus_layout (3, false, &ours), ==, PF_ERR_UNSUPPORTED);
  PF_CHECK_INT (pf_gs_describe_layout (text (""), 8, false, &theirs), ==,
      PF_ERR_UNSUPPORTED);
  PF_CHECK_INT (pf_gs_describe_layout (text (""), 6, false, &theirs), ==, 0);
  PF_CHECK_UINT (theirs.mapping[1], ==, 4);
  /* one that was asked for comes first */
  PF_CHECK_INT (pf_gs_opus_layout_parse (text ("642014235"), &d.own), ==, 0);
  w = writer ();
  pf_gs_describe_write (&w, &d);
  for (int high = 0; high < 2; high++) {
    PF_CHECK_INT (
        pf_gs_describe_layout ((PfGsText){ out, w.size }, 6, high, &theirs), ==,
        0);
    PF_CHECK_MEM (&theirs, &d.own, sizeof theirs);
  }
}

static void
test_bad_layouts (void)
{
  static const char *const bad[] = { "", "2", "21", "211", "2110", "211012",
    "0000", "901012345678", "211a1", "21102", "201 1", "230012", "622012345x" };
  PfGsOpusLayout l;

  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (pf_gs_opus_layout_parse (text (bad[i]), &l) != PF_ERR_INVALID)
      pf_test_fail (__FILE__, __LINE__, "taken: %s", bad[i]);
}

/* ---- Messages ----------------------------------------------------------- */

static const char options[] =
    "OPTIONS rtsp://192.0.2.1:48010 RTSP/1.0\r\nCSeq: 1\r\n\r\n";

static int
parse (const char *bytes, size_t size, PfGsRtspMessage *m)
{
  /* as large as it is, so that a read past it shows */
  char *exact = malloc (size + !size);
  int ret;

  PF_REQUIRE (exact != NULL);
  memcpy (exact, bytes, size);
  ret = pf_gs_rtsp_request_parse (exact, size, m);
  free (exact);
  return ret;
}

static void
test_pieces (void)
{
  static const char announce[] =
      "ANNOUNCE streamid=control/13/0 RTSP/1.0\r\nCSeq: 6\r\n"
      "Content-length: 5\r\n\r\nv=0\r\nmore";
  const size_t size = sizeof announce - 1 - 4;
  PfGsRtspMessage m;

  for (size_t n = 0; n < size; n++)
    PF_CHECK_INT (parse (announce, n, &m), ==, 0);
  for (size_t n = size; n < sizeof announce; n++)
    PF_CHECK_INT (parse (announce, n, &m), ==, (long long) size);
  PF_CHECK_UINT (m.payload.size, ==, 5);
  PF_CHECK_INT (m.method, ==, PF_GS_RTSP_ANNOUNCE);
  PF_CHECK_UINT (m.cseq, ==, 6);
}

static void
test_bad_requests (void)
{
  static const struct {
    const char *bytes;
    int ret;
  } cases[] = {
    { "\r\n\r\n", PF_ERR_INVALID },
    { "OPTIONS\r\n\r\n", PF_ERR_INVALID },
    { "OPTIONS / HTTP/1.1\r\nCSeq: 1\r\n\r\n", PF_ERR_INVALID },
    { "OPTIONS / RTSP/1.0 x\r\nCSeq: 1\r\n\r\n", PF_ERR_INVALID },
    { "OPTIONS  RTSP/1.0\r\nCSeq: 1\r\n\r\n", PF_ERR_INVALID },
    { "OPTIONS / RTSP/1.0\r\n\r\n", PF_ERR_INVALID },
    { "OPTIONS / RTSP/1.0\r\nCSeq: x\r\n\r\n", PF_ERR_INVALID },
    { "OPTIONS / RTSP/1.0\r\nCSeq: -1\r\n\r\n", PF_ERR_INVALID },
    { "OPTIONS / RTSP/1.0\r\nCSeq: 1\r\nnocolon\r\n\r\n", PF_ERR_INVALID },
    { "OPTIONS / RTSP/1.0\r\nCSeq: 1\r\n: x\r\n\r\n", PF_ERR_INVALID },
    { "OPTIONS / RTSP/1.0\r\nCSeq: 1\r\nA: \001\r\n\r\n", PF_ERR_INVALID },
    { "OPTIONS / RTSP/1.0\r\nCSeq: 1\r\nContent-length: -1\r\n\r\n",
        PF_ERR_INVALID },
    { "OPTIONS / RTSP/1.0\r\nCSeq: 1\r\nContent-length: 16384\r\n\r\n",
        PF_ERR_RANGE },
    { "OPTIONS / RTSP/1.0\r\nCSeq: 1\r\nContent-length: 4294967296\r\n\r\n",
        PF_ERR_RANGE },
    { "OPTIONS / RTSP/1.0\nCSeq: 1\n\n", 28 },
    { "TEARDOWN / RTSP/1.0\r\ncseq:1\r\n\r\n", 31 },
  };
  static char large[PF_GS_RTSP_HEAD_MAX + 10];
  PfGsRtspMessage m;
  size_t size;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const int ret = parse (cases[i].bytes, strlen (cases[i].bytes), &m);

    if (ret != cases[i].ret)
      pf_test_fail (__FILE__, __LINE__, "%d, not %d: %s", ret, cases[i].ret,
          cases[i].bytes);
  }
  /* headers without an end, and too many */
  size = (size_t) snprintf (
      large, sizeof large, "%.*s", (int) strlen (options) - 2, options);
  memset (large + size, 'a', sizeof large - size);
  PF_CHECK_INT (parse (large, PF_GS_RTSP_HEAD_MAX - 1, &m), ==, 0);
  PF_CHECK_INT (parse (large, PF_GS_RTSP_HEAD_MAX, &m), ==, PF_ERR_RANGE);
  for (int i = 0; i < PF_GS_RTSP_HEADERS_MAX; i++)
    size += (size_t) snprintf (large + size, sizeof large - size, "a: b\r\n");
  size += (size_t) snprintf (large + size, sizeof large - size, "\r\n");
  PF_CHECK_INT (parse (large, size, &m), ==, PF_ERR_RANGE);
}

/* ---- Order -------------------------------------------------------------- */

static PfGsRtspMessage
request (PfGsRtspMethod method, const char *target)
{
  return (PfGsRtspMessage){ .method = method, .target = text (target) };
}

/* At every step every other request is refused and changes nothing. */
static void
test_order (void)
{
  const PfJson *root = crypto_vectors_load ("gamestream/rtsp_session.json");
  const PfGsHostOffer offer = recorded_offer (root);
  static const struct {
    PfGsRtspMethod method;
    const char *target;
  } all[7] = {
    { PF_GS_RTSP_OPTIONS, "x" },
    { PF_GS_RTSP_DESCRIBE, "x" },
    { PF_GS_RTSP_SETUP, "streamid=audio/0/0" },
    { PF_GS_RTSP_SETUP, "streamid=video/0/0" },
    { PF_GS_RTSP_SETUP, "streamid=control/13/0" },
    { PF_GS_RTSP_ANNOUNCE, "streamid=control/13/0" },
    { PF_GS_RTSP_PLAY, "/" },
  };
  static char sdp[PF_GS_RTSP_SIZE_MAX];
  PfGsWriter w = { .bytes = sdp, .room = sizeof sdp };
  PfGsHostHandshake h;

  pf_gs_announce_write (&w, &recorded, "127.0.0.1", 1);
  pf_gs_host_handshake_init (&h, &offer);
  for (int step = 0; step < 8; step++) {
    PfGsRtspMessage m = request (PF_GS_RTSP_OTHER, "/");
    PfGsWriter answer = writer ();

    PF_CHECK_UINT (pf_gs_host_handshake_request (&h, &m), ==, 501);
    for (int other = 0; other < 7; other++) {
      m = request (all[other].method, all[other].target);
      m.payload = (PfGsText){ sdp, w.size };
      if (other != step)
        PF_CHECK_UINT (pf_gs_host_handshake_request (&h, &m), ==, 455);
      PF_CHECK_INT (h.step, ==, step);
    }
    if (step >= PF_GS_STEP_AUDIO && step <= PF_GS_STEP_CONTROL) {
      m = request (PF_GS_RTSP_SETUP, "streamid=mic/0/0");
      PF_CHECK_UINT (pf_gs_host_handshake_request (&h, &m), ==, 404);
      m = request (PF_GS_RTSP_SETUP, "audio");
      PF_CHECK_UINT (pf_gs_host_handshake_request (&h, &m), ==, 404);
    }
    if (step == 7)
      break;
    m = request (all[step].method, all[step].target);
    m.payload = (PfGsText){ sdp, w.size };
    PF_CHECK_UINT (pf_gs_host_handshake_request (&h, &m), ==, 200);
    pf_gs_host_handshake_respond (&h, 503, &answer);
    PF_CHECK_INT (h.step, ==, step);
    PF_CHECK_UINT (pf_gs_host_handshake_request (&h, &m), ==, 200);
    pf_gs_host_handshake_respond (&h, 200, &answer);
    PF_CHECK_INT (h.step, ==, step + 1);
  }
  crypto_vectors_clear ();
}

/* What a host insists on, and what it cannot encode. */
static void
test_refused (void)
{
  const PfJson *root = crypto_vectors_load ("gamestream/rtsp_session.json");
  PfGsHostOffer offer = recorded_offer (root);
  static const struct {
    uint32_t encryption, general, required, format, ten_bit;
    unsigned status;
  } cases[] = {
    { 7, 135, 7, 1, 0, 200 },
    { 3, 167, 7, 1, 0, 200 }, /* audio in the old way */
    { 5, 167, 7, 1, 0, 403 },
    { 6, 167, 1, 1, 0, 403 }, /* old control encryption */
    { 0, 135, 7, 1, 0, 403 },
    { 0, 135, 0, 1, 0, 200 },
    { 7, 135, 7, 2, 0, 400 },
    { 7, 135, 7, 1, 1, 400 },
    { 7, 135, 7, 0, 1, 400 },
    { 7, 135, 7, 0, 0, 200 },
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    PfGsRtspMessage m = request (PF_GS_RTSP_ANNOUNCE, "streamid=control/13/0");
    PfGsAnnounce a = recorded;
    PfGsWriter w = writer ();
    PfGsHostHandshake h;

    a.encryption = cases[i].encryption;
    a.general_flags = cases[i].general;
    a.format = cases[i].format;
    a.ten_bit = cases[i].ten_bit;
    offer.encryption_required = cases[i].required;
    pf_gs_announce_write (&w, &a, "::1", 1);
    pf_gs_host_handshake_init (&h, &offer);
    h.step = PF_GS_STEP_ANNOUNCE;
    m.payload = (PfGsText){ out, w.size };
    PF_CHECK_UINT (pf_gs_host_handshake_request (&h, &m), ==, cases[i].status);
    PF_CHECK_INT (h.fault != NULL, ==, cases[i].status != 200);
  }
  crypto_vectors_clear ();
}

/* ---- A client's reading ------------------------------------------------- */

static void
test_bad_answers (void)
{
  static const struct {
    PfGsStep step;
    const char *answer;
    int ret;
  } cases[] = {
    { PF_GS_STEP_OPTIONS, "", PF_ERR_INVALID },
    { PF_GS_STEP_OPTIONS, "RTSP/1.0 200 OK\r\n\r\n", PF_ERR_INVALID },
    { PF_GS_STEP_OPTIONS, "RTSP/1.0 200\r\nCSeq: 1\r\n\r\n", PF_ERR_INVALID },
    { PF_GS_STEP_OPTIONS, "RTSP/1.0 2000 OK\r\nCSeq: 1\r\n\r\n",
        PF_ERR_INVALID },
    { PF_GS_STEP_OPTIONS, "RTSP/1.1 200 OK\r\nCSeq: 1\r\n\r\n",
        PF_ERR_INVALID },
    { PF_GS_STEP_OPTIONS, "RTSP/1.0 403 No\r\nCSeq: 1\r\n\r\n",
        PF_ERR_UNSUPPORTED },
    { PF_GS_STEP_OPTIONS, "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", 0 },
    { PF_GS_STEP_DESCRIBE, "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n",
        PF_ERR_INVALID },
    { PF_GS_STEP_DESCRIBE, "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\nx", 0 },
    { PF_GS_STEP_AUDIO, "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", PF_ERR_INVALID },
    { PF_GS_STEP_AUDIO, "RTSP/1.0 200 OK\r\nCSeq: 1\r\nSession: ;\r\n\r\n",
        PF_ERR_INVALID },
    { PF_GS_STEP_AUDIO, "RTSP/1.0 200 OK\r\nCSeq: 1\r\nSession: A\r\n\r\n", 0 },
    { PF_GS_STEP_CONTROL,
        "RTSP/1.0 200 OK\r\nCSeq: 1\r\nX-SS-Connect-Data: z\r\n\r\n",
        PF_ERR_INVALID },
    { PF_GS_STEP_CONTROL,
        "RTSP/1.0 200 OK\r\nCSeq: 1\r\nX-SS-Connect-Data: 0x10\r\n\r\n", 0 },
    { PF_GS_STEP_DONE, "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", PF_ERR_INVALID },
  };
  PfGsClientHandshake h;
  unsigned status;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int ret;

    PF_REQUIRE_INT (pf_gs_client_handshake_init (&h, "u", "h"), ==, 0);
    h.step = cases[i].step;
    ret = pf_gs_client_handshake_answer (
        &h, cases[i].answer, strlen (cases[i].answer), &status);
    if (ret != cases[i].ret)
      pf_test_fail (__FILE__, __LINE__, "%d, not %d: %s", ret, cases[i].ret,
          cases[i].answer);
    PF_CHECK_INT (h.step, ==, cases[i].step + (ret == 0));
  }
  PF_CHECK_UINT (h.connect_data, ==, 0);
}

/* ---- Sealed ------------------------------------------------------------- */

static void
test_sealed_hostile (void)
{
  static const uint8_t key[PF_GS_KEY_SIZE] = { 1 }, other[16] = { 2 };
  static const uint8_t none[PF_GS_KEY_SIZE];
  const size_t plain_size = sizeof options - 1;
  uint8_t sealed[256], changed[256];
  static char plain[PF_GS_RTSP_SIZE_MAX];
  PfGsRtspSeal *client, *host, *stranger;
  size_t size, n;

  PF_CHECK_INT (pf_gs_rtsp_seal_new (true, none, &host), ==, PF_ERR_INVALID);
  PF_REQUIRE_INT (pf_gs_rtsp_seal_new (false, key, &client), ==, 0);
  PF_REQUIRE_INT (pf_gs_rtsp_seal_new (true, key, &host), ==, 0);
  PF_REQUIRE_INT (pf_gs_rtsp_seal_new (true, other, &stranger), ==, 0);
  PF_REQUIRE_INT (
      pf_gs_rtsp_seal (client, options, plain_size, sealed, &size), ==, 0);
  PF_CHECK_INT (
      pf_gs_rtsp_open (stranger, sealed, size, plain, &n), ==, PF_ERR_AUTH);
  /* one's own message is not the other side's */
  PF_CHECK_INT (
      pf_gs_rtsp_open (client, sealed, size, plain, &n), ==, PF_ERR_AUTH);
  for (size_t i = 0; i < size; i++) {
    memcpy (changed, sealed, size);
    changed[i] ^= 1;
    PF_CHECK_INT (pf_gs_rtsp_open (host, changed, size, plain, &n), <, 0);
    PF_CHECK_INT (pf_gs_rtsp_open (host, sealed, i, plain, &n), <, 0);
  }
  PF_CHECK_INT (
      pf_gs_rtsp_open (host, sealed, size + 1, plain, &n), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_gs_rtsp_open (host, sealed, size, plain, &n), ==, 0);
  PF_CHECK_UINT (n, ==, plain_size);
  PF_CHECK_MEM (plain, options, plain_size);
  PF_CHECK_INT (
      pf_gs_rtsp_open (host, sealed, size, plain, &n), ==, PF_ERR_REPLAY);
  PF_CHECK_INT (pf_gs_rtsp_sealed_size ((const uint8_t *) "\x80\0\0\0", 4), ==,
      PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_gs_rtsp_sealed_size ((const uint8_t *) "\xff\xff\xff\xff", 4), ==,
      PF_ERR_RANGE);
  PF_CHECK_INT (
      pf_gs_rtsp_sealed_size ((const uint8_t *) "OPTI", 4), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_gs_rtsp_seal (client, plain, PF_GS_RTSP_SIZE_MAX + 1, sealed, &size),
      ==, PF_ERR_RANGE);
  pf_gs_rtsp_seal_free (client);
  pf_gs_rtsp_seal_free (host);
  pf_gs_rtsp_seal_free (stranger);
}

static void
test_no_room (void)
{
  PfGsWriter w;

  for (size_t room = 0; room < 60; room++) {
    char *exact = malloc (room + !room);

    PF_REQUIRE (exact != NULL);
    w = (PfGsWriter){ .bytes = exact, .room = room };
    pf_gs_rtsp_put_response (&w, 200, 4000000000u);
    pf_gs_rtsp_put_payload (&w, text ("abc"));
    PF_CHECK_INT (w.full, ==, room < 17 + 18 + 2 + 3);
    PF_CHECK_UINT (w.size, <=, room);
    free (exact);
  }
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/gs-rtsp/vector-host", test_vector_host);
  PF_TEST_ADD ("/gs-rtsp/vector-client", test_vector_client);
  PF_TEST_ADD ("/gs-rtsp/vector-attributes", test_vector_attributes);
  PF_TEST_ADD ("/gs-rtsp/ranges", test_ranges);
  PF_TEST_ADD ("/gs-rtsp/clamped", test_clamped);
  PF_TEST_ADD ("/gs-rtsp/choices", test_choices);
  PF_TEST_ADD ("/gs-rtsp/layouts", test_layouts);
  PF_TEST_ADD ("/gs-rtsp/bad-layouts", test_bad_layouts);
  PF_TEST_ADD ("/gs-rtsp/pieces", test_pieces);
  PF_TEST_ADD ("/gs-rtsp/bad-requests", test_bad_requests);
  PF_TEST_ADD ("/gs-rtsp/order", test_order);
  PF_TEST_ADD ("/gs-rtsp/refused", test_refused);
  PF_TEST_ADD ("/gs-rtsp/bad-answers", test_bad_answers);
  PF_TEST_ADD ("/gs-rtsp/sealed-hostile", test_sealed_hostile);
  PF_TEST_ADD ("/gs-rtsp/no-room", test_no_room);
  return pf_test_run (argc, argv);
}
