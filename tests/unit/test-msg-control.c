/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Typed messages of the control stream: against the bytes of real peers, in
 * every other length, with hostile ones.
 */
#include "pf-msg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msg-vectors.h"
#include "pf-test.h"

#define U32(member, name) c->member = (uint32_t) msg_number (f, name)
#define U64(member, name) c->member = msg_number (f, name)
#define U16(member, name) c->member = (uint16_t) msg_number (f, name)
#define U8(member, name) c->member = (uint8_t) msg_number (f, name)

static void
clip_offer_of (const PfJson *f, PfMsgClipOffer *offer)
{
  const PfJson *kinds = pf_json_member (f, "kinds");

  offer->seq = (uint32_t) msg_number (f, "seq");
  offer->n_kinds = (uint8_t) pf_json_length (kinds);
  for (size_t i = 0; i < offer->n_kinds; i++) {
    const PfJson *kind = pf_json_at (kinds, i);
    const char *mime = pf_json_string (pf_json_at (kind, 0));

    PF_REQUIRE (mime != NULL);
    offer->kinds[i].mime = (PfMsgSpan){ (const uint8_t *) mime, strlen (mime) };
    offer->kinds[i].size = (uint64_t) crypto_vectors_int (pf_json_at (kind, 1));
  }
}

/* The message that the fields of a vector describe. */
static void
control_of (const MsgVector *v, PfMsgControl *c)
{
  const PfJson *f = v->fields;
  const char *mime;

  memset (c, 0, sizeof *c);
  c->type = (PfMsgType) v->bytes.data[4];
  switch (c->type) {
  case PF_MSG_RECONFIGURE:
    c->reconfigure = msg_mode (f);
    break;
  case PF_MSG_RECONFIGURED:
    U8 (reconfigured.accepted, "accepted");
    c->reconfigured.mode = msg_mode (f);
    break;
  case PF_MSG_REQUEST_KEYFRAME:
    break;
  case PF_MSG_LOSS_REPORT:
    U32 (loss_report.loss_ppm, "loss_ppm");
    break;
  case PF_MSG_SET_BITRATE:
  case PF_MSG_BITRATE_CHANGED:
    U32 (bitrate.bitrate_kbps, "bitrate_kbps");
    break;
  case PF_MSG_RFI_REQUEST:
    U32 (rfi_request.first, "first_frame");
    U32 (rfi_request.last, "last_frame");
    break;
  case PF_MSG_SHARD_PAYLOAD_CHANGED:
  case PF_MSG_SHARD_PAYLOAD_ACK:
    U16 (shard_payload.shard_payload, "shard_payload");
    break;
  case PF_MSG_PIPELINE_GAP:
    U32 (pipeline_gap.gap_ms, "gap_ms");
    break;
  case PF_MSG_PROBE_REQUEST:
    U32 (probe_request.target_kbps, "target_kbps");
    U32 (probe_request.duration_ms, "duration_ms");
    break;
  case PF_MSG_PROBE_RESULT:
    c->tail = true;
    U64 (probe_result.bytes_sent, "bytes_sent");
    U32 (probe_result.units_sent, "packets_sent");
    U32 (probe_result.duration_ms, "duration_ms");
    U32 (probe_result.wire_packets, "wire_packets_sent");
    U32 (probe_result.send_dropped, "send_dropped");
    break;
  case PF_MSG_CLOCK_PROBE:
    U64 (clock_probe.t1, "t1_ns");
    break;
  case PF_MSG_CLOCK_ECHO:
    U64 (clock_echo.t1, "t1_ns");
    U64 (clock_echo.t2, "t2_ns");
    U64 (clock_echo.t3, "t3_ns");
    break;
  case PF_MSG_PHASE_REPORT:
    U64 (phase_report.next_latch_host_ns, "next_latch_host_ns");
    U32 (phase_report.period_ns, "latch_period_ns");
    U32 (phase_report.uncertainty_ns, "uncertainty_ns");
    U32 (phase_report.lead_ns, "arrival_lead_ns");
    U16 (phase_report.coherence_milli, "coherence_milli");
    c->tail = c->phase_report.coherence_milli != UINT16_MAX;
    break;
  case PF_MSG_CLIP_CONTROL:
    U8 (clip_control.enabled, "enabled");
    U8 (clip_control.flags, "flags");
    break;
  case PF_MSG_CLIP_STATE:
    U8 (clip_state.enabled, "enabled");
    U8 (clip_state.policy, "policy");
    U8 (clip_state.reason, "reason");
    break;
  case PF_MSG_CLIP_OFFER:
    clip_offer_of (f, &c->clip_offer);
    break;
  case PF_MSG_CLIP_FETCH:
    U32 (clip_fetch.seq, "seq");
    U32 (clip_fetch.file_index, "file_index");
    mime = msg_text (f, "mime");
    c->clip_fetch.mime = (PfMsgSpan){ (const uint8_t *) mime, strlen (mime) };
    break;
  case PF_MSG_CLIP_FETCH_HEADER:
    U8 (clip_fetch_header.status, "status");
    U64 (clip_fetch_header.total, "total_size");
    break;
  case PF_MSG_CURSOR_SHAPE:
    U32 (cursor_shape.serial, "serial");
    U16 (cursor_shape.width, "w");
    U16 (cursor_shape.height, "h");
    U16 (cursor_shape.hot_x, "hot_x");
    U16 (cursor_shape.hot_y, "hot_y");
    c->cursor_shape.rgba = msg_bytes (f, "rgba");
    break;
  case PF_MSG_CURSOR_RENDER_MODE:
    U8 (cursor_render_mode.client_draws, "client_draws");
    break;
  case PF_MSG_ACCESS_UPDATE:
    U32 (access_update.grants, "grants");
    U32 (access_update.remaining_s, "remaining_secs");
    break;
  default:
    pf_test_fail (__FILE__, __LINE__, "no case for %s", v->name);
    break;
  }
}

static bool
is_typed (const MsgVector *v)
{
  return pf_msg_namespace (v->bytes.data, v->bytes.size) == PF_MSG_TYPED;
}

/* In memory of exactly this size. */
static int
decode (const void *bytes, size_t size, PfMsgControl *c, uint8_t **copy)
{
  *copy = malloc (size > 0 ? size : 1);
  PF_REQUIRE (*copy != NULL);
  if (size > 0)
    memcpy (*copy, bytes, size);
  return pf_msg_control_decode (*copy, size, c);
}

/* Fields to bytes, and bytes to the same fields: shown by their bytes. */
static void
test_vectors (void)
{
  uint8_t bytes[PF_MSG_CONTROL_MAX];
  size_t index = 0, n = 0, size;
  MsgVector v;

  while (msg_vectors_next ("", &index, &v)) {
    PfMsgControl c, d;
    uint8_t *copy;

    if (!is_typed (&v))
      continue;
    n++;
    PF_CHECK_STR (pf_msg_control_name (v.bytes.data[4]), v.name);
    control_of (&v, &c);
    PF_CHECK_INT (
        pf_msg_control_encode (&c, bytes, sizeof bytes, &size), ==, 0);
    PF_CHECK_UINT (size, ==, v.bytes.size);
    PF_CHECK_MEM (bytes, v.bytes.data, v.bytes.size);
    for (size_t room = 0; room < size; room++)
      PF_CHECK_INT (
          pf_msg_control_encode (&c, bytes, room, &size), ==, PF_ERR_RANGE);

    PF_CHECK_INT (decode (v.bytes.data, v.bytes.size, &d, &copy), ==, 0);
    PF_CHECK_UINT (d.type, ==, c.type);
    PF_CHECK_UINT (d.tail, ==, c.tail);
    PF_CHECK_INT (
        pf_msg_control_encode (&d, bytes, sizeof bytes, &size), ==, 0);
    PF_CHECK_UINT (size, ==, v.bytes.size);
    PF_CHECK_MEM (bytes, v.bytes.data, v.bytes.size);
    free (copy);
  }
  PF_CHECK_UINT (n, ==, 25);
  crypto_vectors_clear ();
}

/* Lengths besides the one of the vector that a type may have. */
static bool
other_length (PfMsgType type, size_t size, size_t whole)
{
  switch (type) {
  case PF_MSG_BITRATE_CHANGED:
    return size == 9 || size == 10;
  case PF_MSG_PHASE_REPORT:
    return size == 25 || size == 27;
  case PF_MSG_PROBE_RESULT:
    return size >= 21;
  case PF_MSG_CLIP_CONTROL:
  case PF_MSG_CLIP_STATE:
  case PF_MSG_CLIP_FETCH_HEADER:
  case PF_MSG_CURSOR_RENDER_MODE:
  case PF_MSG_ACCESS_UPDATE:
  case PF_MSG_CLIP_OFFER:
  case PF_MSG_CLIP_FETCH:
    return size > whole;
  default:
    return false;
  }
}

static void
test_lengths (void)
{
  size_t index = 0;
  MsgVector v;

  while (msg_vectors_next ("", &index, &v)) {
    uint8_t bytes[300] = { 0 };

    if (!is_typed (&v))
      continue;
    PF_REQUIRE (v.bytes.size + 20 < sizeof bytes);
    memcpy (bytes, v.bytes.data, v.bytes.size);
    for (size_t n = 0; n < v.bytes.size + 20; n++) {
      PfMsgControl c;
      uint8_t *copy;
      const int ret = decode (bytes, n, &c, &copy);

      if (n == v.bytes.size ||
          (n >= 5 && other_length ((PfMsgType) bytes[4], n, v.bytes.size)))
        PF_CHECK_INT (ret, ==, 0);
      else
        PF_CHECK_INT (ret, ==, PF_ERR_INVALID);
      free (copy);
    }
  }
  crypto_vectors_clear ();
}

static void
test_absent (void)
{
  PfMsgControl c;
  uint8_t phase[25] = "PKFc\x32", result[21] = "PKFc\x21";
  uint8_t changed[10] = "PKFc\x06";

  PF_CHECK_INT (pf_msg_control_decode (phase, 25, &c), ==, 0);
  PF_CHECK (!c.tail);
  PF_CHECK_UINT (c.phase_report.coherence_milli, ==, UINT16_MAX);
  PF_CHECK_INT (pf_msg_control_decode (result, 21, &c), ==, 0);
  PF_CHECK (!c.tail);
  PF_CHECK_UINT (c.probe_result.wire_packets, ==, 0);
  changed[9] = 7;
  PF_CHECK_INT (pf_msg_control_decode (changed, 10, &c), ==, 0);
  PF_CHECK (c.tail);
  PF_CHECK_UINT (c.bitrate.reason, ==, 7);
}

/* Types without vectors: layouts of the specification. */
static void
test_unproved (void)
{
  static const struct {
    const char *name;
    uint8_t bytes[16];
    size_t size;
  } known[] = {
    { "DeliveryReport", "PKFc\x0b\1\2\3\4\5\6\7\10", 13 },
    { "LinkReport", "PKFc\x0c\1\2\3\4", 9 },
    { "AudioState", "PKFc\x59\1", 6 },
    { "LaunchOutcome", "PKFc\x5a\3abc", 9 },
    { "PadSlots", "PKFc\x5b\1\2", 7 },
    { "PairResult", "PKFc\x13\1", 6 },
  };

  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    uint8_t bytes[64];
    PfMsgControl c;
    size_t size;

    PF_CHECK_STR (pf_msg_control_name (known[i].bytes[4]), known[i].name);
    PF_CHECK_INT (
        pf_msg_control_decode (known[i].bytes, known[i].size, &c), ==, 0);
    PF_CHECK_INT (
        pf_msg_control_encode (&c, bytes, sizeof bytes, &size), ==, 0);
    PF_CHECK_UINT (size, ==, known[i].size);
    PF_CHECK_MEM (bytes, known[i].bytes, size);
    PF_CHECK_INT (pf_msg_control_decode (bytes, 5, &c), ==, PF_ERR_INVALID);
  }
}

static void
test_pairing (void)
{
  PfMsgControl c = { .type = PF_MSG_PAIR_REQUEST }, d;
  uint8_t bytes[PF_MSG_CONTROL_MAX];
  size_t size;

  snprintf (c.pair_request.name, sizeof c.pair_request.name,
      "K\xc3\xbc"
      "che");
  memset (c.pair_request.spake, 0x41, PF_MSG_SPAKE_SIZE);
  PF_CHECK_INT (pf_msg_control_encode (&c, bytes, sizeof bytes, &size), ==, 0);
  PF_CHECK_UINT (size, ==, 5 + 1 + 6 + 2 + 33);
  PF_CHECK_INT (pf_msg_control_decode (bytes, size, &d), ==, 0);
  PF_CHECK_STR (d.pair_request.name, c.pair_request.name);
  PF_CHECK_MEM (d.pair_request.spake, c.pair_request.spake, PF_MSG_SPAKE_SIZE);
  for (size_t n = 0; n < size; n++)
    PF_CHECK_INT (pf_msg_control_decode (bytes, n, &d), ==, PF_ERR_INVALID);
  PF_CHECK_INT (
      pf_msg_control_decode (bytes, size + 1, &d), ==, PF_ERR_INVALID);
  bytes[6] = 0xff; /* a refused name is no name */
  PF_CHECK_INT (pf_msg_control_decode (bytes, size, &d), ==, 0);
  PF_CHECK_STR (d.pair_request.name, "");
  bytes[12] = 32; /* another length of the point */
  PF_CHECK_INT (pf_msg_control_decode (bytes, size, &d), ==, PF_ERR_INVALID);

  c = (PfMsgControl){ .type = PF_MSG_PAIR_CHALLENGE };
  memset (&c.pair_challenge, 0x42, sizeof c.pair_challenge);
  PF_CHECK_INT (pf_msg_control_encode (&c, bytes, sizeof bytes, &size), ==, 0);
  PF_CHECK_UINT (size, ==, 5 + 2 + 33 + 32);
  PF_CHECK_INT (pf_msg_control_decode (bytes, size, &d), ==, 0);
  PF_CHECK_MEM (&d.pair_challenge, &c.pair_challenge, sizeof c.pair_challenge);
  PF_CHECK_INT (
      pf_msg_control_decode (bytes, size - 1, &d), ==, PF_ERR_INVALID);
  bytes[5] = 34;
  PF_CHECK_INT (pf_msg_control_decode (bytes, size, &d), ==, PF_ERR_INVALID);

  c = (PfMsgControl){ .type = PF_MSG_PAIR_PROOF };
  PF_CHECK_INT (pf_msg_control_encode (&c, bytes, sizeof bytes, &size), ==, 0);
  PF_CHECK_UINT (size, ==, 37);
  PF_CHECK_INT (pf_msg_control_decode (bytes, 38, &d), ==, PF_ERR_INVALID);
}

static void
test_refused (void)
{
  static uint8_t rgba[121 * 4];
  uint8_t bytes[PF_MSG_CONTROL_MAX] = "PKFc";
  PfMsgControl c = { .type = PF_MSG_CURSOR_SHAPE };
  size_t size;

  /* types of a later day, and what is not typed at all */
  for (unsigned type = 0; type < 256; type++) {
    bytes[4] = (uint8_t) type;
    if (!pf_msg_control_name (type))
      PF_CHECK_INT (
          pf_msg_control_decode (bytes, 5, &c), ==, PF_ERR_UNSUPPORTED);
  }
  PF_CHECK_INT (pf_msg_control_decode ((const uint8_t *) "PKF1\3", 5, &c), ==,
      PF_ERR_INVALID);

  c = (PfMsgControl){ .type = (PfMsgType) 0x77 };
  PF_CHECK_INT (pf_msg_control_encode (&c, bytes, sizeof bytes, &size), ==,
      PF_ERR_INVALID);
  c.type = PF_MSG_CURSOR_SHAPE;
  c.cursor_shape = (PfMsgCursorShape){ 1, 121, 1, 0, 0, { rgba, 121 * 4 } };
  PF_CHECK_INT (pf_msg_control_encode (&c, bytes, sizeof bytes, &size), ==,
      PF_ERR_INVALID);
  c.cursor_shape.width = 120;
  PF_CHECK_INT (pf_msg_control_encode (&c, bytes, sizeof bytes, &size), ==,
      PF_ERR_INVALID);
  c.cursor_shape.rgba.size = 120 * 4;
  PF_CHECK_INT (pf_msg_control_encode (&c, bytes, sizeof bytes, &size), ==, 0);
  bytes[9] = 0; /* no width */
  PF_CHECK_INT (pf_msg_control_decode (bytes, size, &c), ==, PF_ERR_INVALID);
  bytes[9] = 121;
  PF_CHECK_INT (
      pf_msg_control_decode (bytes, size + 4, &c), ==, PF_ERR_INVALID);

  c = (PfMsgControl){ .type = PF_MSG_CLIP_OFFER, .clip_offer.n_kinds = 17 };
  PF_CHECK_INT (pf_msg_control_encode (&c, bytes, sizeof bytes, &size), ==,
      PF_ERR_INVALID);
  c.clip_offer.n_kinds = 16;
  PF_CHECK_INT (pf_msg_control_encode (&c, bytes, sizeof bytes, &size), ==, 0);
  bytes[9] = 17;
  PF_CHECK_INT (
      pf_msg_control_decode (bytes, sizeof bytes, &c), ==, PF_ERR_INVALID);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/msg/control/vectors", test_vectors);
  PF_TEST_ADD ("/msg/control/lengths", test_lengths);
  PF_TEST_ADD ("/msg/control/absent", test_absent);
  PF_TEST_ADD ("/msg/control/unproved", test_unproved);
  PF_TEST_ADD ("/msg/control/pairing", test_pairing);
  PF_TEST_ADD ("/msg/control/refused", test_refused);
  return pf_test_run (argc, argv);
}
