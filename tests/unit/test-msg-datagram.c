/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * QUIC datagrams and input events: against the bytes of real peers, cut at
 * each byte, with hostile values.
 */
#include "pf-msg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "msg-vectors.h"
#include "pf-bytes.h"
#include "pf-test.h"

#define U32(member, name) d->member = (uint32_t) msg_number (f, name)
#define I32(member, name) d->member = (int32_t) msg_signed (f, name)
#define U64(member, name) d->member = msg_number (f, name)
#define U16(member, name) d->member = (uint16_t) msg_number (f, name)
#define I16(member, name) d->member = (int16_t) msg_signed (f, name)
#define U8(member, name) d->member = (uint8_t) msg_number (f, name)

static int16_t
at16 (const PfJson *f, const char *name, size_t index)
{
  return (int16_t) crypto_vectors_int (
      pf_json_at (pf_json_member (f, name), index));
}

static void
audio_of (const PfJson *f, PfMsgDatagram *d)
{
  U32 (audio.seq, "seq");
  U64 (audio.pts_ns, "pts_ns");
  if (d->tag == PF_DGRAM_AUDIO_RED) {
    d->audio.data = msg_bytes (f, "primary");
    d->audio.previous = msg_bytes (f, "previous");
  } else {
    d->audio.data =
        msg_bytes (f, d->tag == PF_DGRAM_AUDIO_PCM ? "pcm" : "opus");
  }
}

static void
rumble_of (const PfJson *f, PfMsgDatagram *d)
{
  U16 (rumble.pad, "pad");
  U16 (rumble.low, "low");
  U16 (rumble.high, "high");
  d->rumble.version = 1;
  if (!pf_json_member (f, "seq"))
    return;
  d->rumble.version = 2;
  U8 (rumble.seq, "seq");
  U16 (rumble.ttl_ms, "ttl_ms");
  if (!pf_json_member (f, "lt"))
    return;
  d->rumble.version = 3;
  U16 (rumble.left_trigger, "lt");
  U16 (rumble.right_trigger, "rt");
}

static void
hid_of (const PfJson *f, const uint8_t *bytes, PfMsgDatagram *d)
{
  const PfJson *rgb = pf_json_member (f, "rgb");
  PfMsgSpan raw;

  d->hid_out.kind = (PfHidOutKind) bytes[1];
  switch (d->hid_out.kind) {
  case PF_HID_LED:
    U8 (hid_out.led.pad, "pad");
    d->hid_out.led.red = (uint8_t) crypto_vectors_int (pf_json_at (rgb, 0));
    d->hid_out.led.green = (uint8_t) crypto_vectors_int (pf_json_at (rgb, 1));
    d->hid_out.led.blue = (uint8_t) crypto_vectors_int (pf_json_at (rgb, 2));
    break;
  case PF_HID_PLAYER_LEDS:
    U8 (hid_out.player_leds.pad, "pad");
    U8 (hid_out.player_leds.bits, "bits");
    break;
  case PF_HID_TRIGGER:
    U8 (hid_out.trigger.pad, "pad");
    U8 (hid_out.trigger.which, "which");
    d->hid_out.trigger.effect = msg_bytes (f, "effect");
    break;
  case PF_HID_HAPTIC:
    U8 (hid_out.haptic.pad, "pad");
    U8 (hid_out.haptic.side, "side");
    U16 (hid_out.haptic.amplitude, "amplitude");
    U16 (hid_out.haptic.period, "period");
    U16 (hid_out.haptic.count, "count");
    break;
  case PF_HID_RAW:
    U8 (hid_out.raw.pad, "pad");
    U8 (hid_out.raw.kind, "kind");
    d->hid_out.raw.report = msg_bytes (f, "data");
    break;
  case PF_HID_AUDIO_CONTROL:
    U16 (hid_out.audio_control.pad, "pad");
    U8 (hid_out.audio_control.flags, "flags");
    raw = msg_bytes (f, "raw");
    PF_REQUIRE (raw.size == 6);
    memcpy (d->hid_out.audio_control.raw, raw.data, 6);
    break;
  }
}

static void
pen_of (const PfJson *fields, PfMsgPen *pen)
{
  const PfJson *samples = pf_json_member (fields, "samples");

  pen->seq = (uint16_t) msg_number (fields, "seq");
  pen->n_samples = (uint8_t) pf_json_length (samples);
  for (size_t i = 0; i < pen->n_samples; i++) {
    const PfJson *f = pf_json_at (samples, i);
    PfMsgPenSample *d = &pen->samples[i];
    double x = -1, y = -1;

    U8 (state, "state");
    U8 (tool, "tool");
    PF_CHECK (pf_json_double (pf_json_member (f, "x"), &x));
    PF_CHECK (pf_json_double (pf_json_member (f, "y"), &y));
    d->x = (float) x;
    d->y = (float) y;
    U16 (pressure, "pressure");
    U16 (distance, "distance");
    U8 (tilt, "tilt");
    U16 (azimuth, "azimuth");
    U16 (roll, "roll");
    U16 (dt_us, "dt_us");
  }
}

static void
rich_of (const PfJson *f, const uint8_t *bytes, PfMsgDatagram *d)
{
  d->rich.kind = (PfRichKind) bytes[1];
  switch (d->rich.kind) {
  case PF_RICH_TOUCHPAD:
    U8 (rich.touchpad.pad, "pad");
    U8 (rich.touchpad.finger, "finger");
    U8 (rich.touchpad.active, "active");
    U16 (rich.touchpad.x, "x");
    U16 (rich.touchpad.y, "y");
    break;
  case PF_RICH_MOTION:
    U8 (rich.motion.pad, "pad");
    for (size_t i = 0; i < 3; i++) {
      d->rich.motion.gyro[i] = at16 (f, "gyro", i);
      d->rich.motion.accel[i] = at16 (f, "accel", i);
    }
    break;
  case PF_RICH_TOUCHPAD_EX:
    U8 (rich.touchpad_ex.pad, "pad");
    U8 (rich.touchpad_ex.surface, "surface");
    U8 (rich.touchpad_ex.finger, "finger");
    d->rich.touchpad_ex.state =
        (uint8_t) (msg_number (f, "touch") | msg_number (f, "click") << 1);
    I16 (rich.touchpad_ex.x, "x");
    I16 (rich.touchpad_ex.y, "y");
    U16 (rich.touchpad_ex.pressure, "pressure");
    break;
  case PF_RICH_HID_REPORT:
    U8 (rich.hid_report.pad, "pad");
    d->rich.hid_report.report = msg_bytes (f, "data");
    break;
  case PF_RICH_PEN:
    pen_of (f, &d->rich.pen);
    break;
  }
}

static void
timing_of (const PfJson *f, PfMsgDatagram *d)
{
  const PfJson *stages = pf_json_member (f, "stages");
  int64_t phase;

  U64 (host_timing.pts_ns, "pts_ns");
  U32 (host_timing.host_us, "host_us");
  d->host_timing.version = 1;
  if (pf_json_type (stages) != PF_JSON_ARRAY)
    return;
  d->host_timing.version = 2;
  d->host_timing.queue_us =
      (uint32_t) crypto_vectors_int (pf_json_at (stages, 0));
  d->host_timing.encode_us =
      (uint32_t) crypto_vectors_int (pf_json_at (stages, 1));
  d->host_timing.pace_us =
      (uint32_t) crypto_vectors_int (pf_json_at (stages, 2));
  if (!pf_json_int64 (pf_json_member (f, "applied_phase_ns"), &phase))
    return;
  d->host_timing.version = 3;
  d->host_timing.applied_phase_ns = (int32_t) phase;
}

static void
input_of (const PfJson *f, PfMsgDatagram *d)
{
  PfMsgPadState s;

  if (pf_json_member (f, "kind")) {
    U8 (input.kind, "kind");
    U32 (input.code, "code");
    I32 (input.x, "x");
    I32 (input.y, "y");
    U32 (input.flags, "flags");
    return;
  }
  s = (PfMsgPadState){
    .pad = (uint8_t) msg_number (f, "pad"),
    .seq = (uint8_t) msg_number (f, "seq"),
    .buttons = (uint32_t) msg_number (f, "buttons"),
    .left_x = at16 (f, "ls", 0),
    .left_y = at16 (f, "ls", 1),
    .right_x = at16 (f, "rs", 0),
    .right_y = at16 (f, "rs", 1),
    .left_trigger = (uint8_t) msg_number (f, "lt"),
    .right_trigger = (uint8_t) msg_number (f, "rt"),
  };
  pf_msg_input_from_pad_state (&s, &d->input);
}

/* The datagram that the fields of a vector describe. */
static void
datagram_of (const MsgVector *v, PfMsgDatagram *d)
{
  const PfJson *f = v->fields;

  memset (d, 0, sizeof *d);
  d->tag = (PfDgramTag) v->bytes.data[0];
  switch (d->tag) {
  case PF_DGRAM_INPUT:
    input_of (f, d);
    break;
  case PF_DGRAM_AUDIO:
  case PF_DGRAM_AUDIO_RED:
  case PF_DGRAM_AUDIO_PCM:
  case PF_DGRAM_MIC:
    audio_of (f, d);
    break;
  case PF_DGRAM_RICH:
    rich_of (f, v->bytes.data, d);
    break;
  case PF_DGRAM_RUMBLE:
    rumble_of (f, d);
    break;
  case PF_DGRAM_HID_OUT:
    hid_of (f, v->bytes.data, d);
    break;
  case PF_DGRAM_HDR:
    d->hdr = msg_hdr (f);
    break;
  case PF_DGRAM_HOST_TIMING:
    timing_of (f, d);
    break;
  case PF_DGRAM_CURSOR:
    U32 (cursor.serial, "serial");
    U8 (cursor.flags, "flags");
    I32 (cursor.x, "x");
    I32 (cursor.y, "y");
    break;
  case PF_DGRAM_PAD_AUDIO:
    U8 (pad_audio.pad, "pad");
    U8 (pad_audio.kind, "kind");
    U32 (pad_audio.seq, "seq");
    U64 (pad_audio.pts_ns, "pts_ns");
    d->pad_audio.data = msg_bytes (f, "opus");
    break;
  }
}

static int
decode (const void *bytes, size_t size, PfMsgDatagram *d, uint8_t **copy)
{
  *copy = malloc (size > 0 ? size : 1);
  PF_REQUIRE (*copy != NULL);
  if (size > 0)
    memcpy (*copy, bytes, size);
  return pf_msg_datagram_decode (*copy, size, d);
}

static void
test_vectors (void)
{
  uint8_t bytes[300];
  size_t index = 0, n = 0, size;
  MsgVector v;

  for (; msg_vectors_next ("dgram_", &index, &v); n++) {
    PfMsgDatagram d, e;
    uint8_t *copy;

    datagram_of (&v, &d);
    PF_CHECK_INT (
        pf_msg_datagram_encode (&d, bytes, sizeof bytes, &size), ==, 0);
    PF_CHECK_UINT (size, ==, v.bytes.size);
    PF_CHECK_MEM (bytes, v.bytes.data, v.bytes.size);
    for (size_t room = 0; room < size; room++)
      PF_CHECK_INT (
          pf_msg_datagram_encode (&d, bytes, room, &size), ==, PF_ERR_RANGE);

    PF_CHECK_INT (decode (v.bytes.data, v.bytes.size, &e, &copy), ==, 0);
    PF_CHECK_INT (
        pf_msg_datagram_encode (&e, bytes, sizeof bytes, &size), ==, 0);
    PF_CHECK_UINT (size, ==, v.bytes.size);
    PF_CHECK_MEM (bytes, v.bytes.data, v.bytes.size);
    free (copy);
  }
  PF_CHECK_UINT (n, ==, 38);
  crypto_vectors_clear ();
}

/* Bytes that a datagram of this kind needs at least. */
static size_t
least_of (const MsgVector *v)
{
  const uint8_t *b = v->bytes.data;

  switch (b[0]) {
  case PF_DGRAM_AUDIO:
  case PF_DGRAM_AUDIO_PCM:
  case PF_DGRAM_MIC:
    return 13;
  case PF_DGRAM_AUDIO_RED:
    return 15 + (size_t) pf_get_le16 (b + 13);
  case PF_DGRAM_PAD_AUDIO:
    return 15;
  case PF_DGRAM_RUMBLE:
    return 7;
  case PF_DGRAM_HOST_TIMING:
    return 13;
  case PF_DGRAM_HID_OUT:
    if (b[1] == PF_HID_TRIGGER || b[1] == PF_HID_RAW)
      return 4;
    break;
  default:
    break;
  }
  return v->bytes.size;
}

/* Cut at each byte, and with more behind. */
static void
test_lengths (void)
{
  uint8_t bytes[400] = { 0 }, again[400];
  size_t index = 0;
  MsgVector v;

  while (msg_vectors_next ("dgram_", &index, &v)) {
    const bool bounded =
        v.bytes.data[0] == PF_DGRAM_HID_OUT &&
        (v.bytes.data[1] == PF_HID_TRIGGER || v.bytes.data[1] == PF_HID_RAW);

    memcpy (bytes, v.bytes.data, v.bytes.size);
    for (size_t n = 0; n < v.bytes.size + (bounded ? 1 : 20); n++) {
      PfMsgDatagram d, e;
      size_t size, size2;
      uint8_t *copy;
      const int ret = decode (bytes, n, &d, &copy);

      if (n < least_of (&v) || (bounded && n > v.bytes.size)) {
        PF_CHECK_INT (ret, ==, PF_ERR_INVALID);
      } else {
        PF_CHECK_INT (ret, ==, 0);
        PF_CHECK_INT (
            pf_msg_datagram_encode (&d, again, sizeof again, &size), ==, 0);
        PF_CHECK_UINT (size, <=, n);
        PF_CHECK_INT (pf_msg_datagram_decode (again, size, &e), ==, 0);
        PF_CHECK_INT (
            pf_msg_datagram_encode (&e, again, sizeof again, &size2), ==, 0);
        PF_CHECK_UINT (size2, ==, size);
      }
      free (copy);
    }
    memset (bytes, 0, sizeof bytes);
  }
  crypto_vectors_clear ();
}

static void
test_versions (void)
{
  uint8_t rumble[20] = { 0xca, 1, 0, 2, 0, 3, 0, 4, 5, 0, 6, 0, 7, 0 };
  uint8_t timing[40] = { 0xcf };
  PfMsgDatagram d;

  for (size_t n = 7; n <= sizeof rumble; n++) {
    PF_CHECK_INT (pf_msg_datagram_decode (rumble, n, &d), ==, 0);
    PF_CHECK_UINT (d.rumble.version, ==, n < 10 ? 1 : n < 14 ? 2 : 3);
    PF_CHECK_UINT (d.rumble.high, ==, 3);
    PF_CHECK_UINT (d.rumble.ttl_ms, ==, n < 10 ? 0 : 5);
    PF_CHECK_UINT (d.rumble.right_trigger, ==, n < 14 ? 0 : 7);
  }
  for (size_t n = 13; n <= sizeof timing; n++) {
    PF_CHECK_INT (pf_msg_datagram_decode (timing, n, &d), ==, 0);
    PF_CHECK_UINT (d.host_timing.version, ==, n < 25 ? 1 : n < 29 ? 2 : 3);
  }
}

static void
test_refused (void)
{
  uint8_t bytes[400] = { 0 };
  PfMsgDatagram d;
  size_t size;

  for (unsigned tag = 0; tag < 256; tag++) {
    const bool known = tag >= 0xc8 && tag <= 0xd3;

    bytes[0] = (uint8_t) tag;
    if (!known)
      PF_CHECK_INT (pf_msg_datagram_decode (bytes, sizeof bytes, &d), ==,
          PF_ERR_UNSUPPORTED);
    PF_CHECK_UINT (pf_msg_datagram_from_client (tag), ==,
        tag == 0xc8 || tag == 0xcb || tag == 0xcc);
    PF_CHECK_UINT (
        pf_msg_datagram_from_client (tag) + pf_msg_datagram_from_host (tag), ==,
        known);
  }
  for (unsigned kind = 0; kind < 256; kind++) {
    bytes[1] = (uint8_t) kind;
    bytes[0] = PF_DGRAM_HID_OUT;
    if (kind == 0 || kind > 6)
      PF_CHECK_INT (pf_msg_datagram_decode (bytes, sizeof bytes, &d), ==,
          PF_ERR_UNSUPPORTED);
    bytes[0] = PF_DGRAM_RICH;
    if (kind == 0 || kind > 5)
      PF_CHECK_INT (pf_msg_datagram_decode (bytes, sizeof bytes, &d), ==,
          PF_ERR_UNSUPPORTED);
  }
  PF_CHECK_INT (pf_msg_datagram_decode (bytes, 0, &d), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_msg_datagram_decode (bytes, 1, &d), ==, PF_ERR_INVALID);

  /* more than a kind may carry */
  d = (PfMsgDatagram){ .tag = PF_DGRAM_HID_OUT };
  d.hid_out.kind = PF_HID_RAW;
  d.hid_out.raw.report = (PfMsgSpan){ bytes, 65 };
  PF_CHECK_INT (pf_msg_datagram_encode (&d, bytes, sizeof bytes, &size), ==,
      PF_ERR_INVALID);
  d.hid_out.kind = (PfHidOutKind) 9;
  PF_CHECK_INT (pf_msg_datagram_encode (&d, bytes, sizeof bytes, &size), ==,
      PF_ERR_INVALID);
  d = (PfMsgDatagram){ .tag = PF_DGRAM_RICH };
  d.rich.kind = PF_RICH_PEN;
  d.rich.pen.n_samples = 9;
  PF_CHECK_INT (pf_msg_datagram_encode (&d, bytes, sizeof bytes, &size), ==,
      PF_ERR_INVALID);
  memset (bytes, 0, sizeof bytes);
  memcpy (bytes, "\xcc\x05\x00\x09", 4);
  PF_CHECK_INT (
      pf_msg_datagram_decode (bytes, sizeof bytes, &d), ==, PF_ERR_INVALID);
  memcpy (bytes, "\xcc\x04\x00\x41", 4); /* a report of 65 bytes */
  PF_CHECK_INT (
      pf_msg_datagram_decode (bytes, sizeof bytes, &d), ==, PF_ERR_INVALID);
}

/* Coordinates that are no numbers, or lie outside the frame. */
static void
test_pen_values (void)
{
  PfMsgDatagram d = { .tag = PF_DGRAM_RICH }, e;
  uint8_t bytes[64];
  size_t size;

  d.rich.kind = PF_RICH_PEN;
  d.rich.pen.n_samples = 1;
  d.rich.pen.samples[0].y = 0.5f;
  for (unsigned i = 0; i < 6; i++) {
    static const struct {
      float in, out;
    } values[] = { { -1, 0 }, { 2, 1 }, { 1e30f, 1 }, { 0.25f, 0.25f },
      { INFINITY, -1 }, { NAN, -1 } };
    int ret;

    d.rich.pen.samples[0].x = values[i].in;
    PF_CHECK_INT (
        pf_msg_datagram_encode (&d, bytes, sizeof bytes, &size), ==, 0);
    ret = pf_msg_datagram_decode (bytes, size, &e);
    PF_CHECK_INT (ret, ==, values[i].out < 0 ? PF_ERR_INVALID : 0);
    if (ret == 0) {
      PF_CHECK (e.rich.pen.samples[0].x == values[i].out);
      PF_CHECK (e.rich.pen.samples[0].y == 0.5f);
    }
  }
}

/* ---- Input -------------------------------------------------------------- */

static void
test_input_vectors (void)
{
  size_t index = 0, n = 0;
  MsgVector v;

  for (; msg_vectors_next ("dgram_input_", &index, &v); n++) {
    PfMsgDatagram d;
    PfMsgPadState s;
    PfMsgInput again;

    PF_CHECK_INT (
        pf_msg_datagram_decode (v.bytes.data, v.bytes.size, &d), ==, 0);
    PF_CHECK_INT (pf_msg_input_check (&d.input), ==, 0);
    if (d.input.kind != PF_MSG_INPUT_PAD_STATE)
      continue;
    pf_msg_input_to_pad_state (&d.input, &s);
    PF_CHECK_INT (s.left_x, ==, -32768);
    PF_CHECK_INT (s.left_y, ==, 32767);
    PF_CHECK_INT (s.right_x, ==, -1);
    PF_CHECK_INT (s.right_y, ==, 0);
    PF_CHECK_UINT (s.left_trigger, ==, 255);
    PF_CHECK_UINT (s.right_trigger, ==, 1);
    PF_CHECK_UINT (s.seq, ==, 250);
    PF_CHECK_UINT (s.pad, ==, 1);
    PF_CHECK_HEX (s.buttons, ==, PF_PAD_A | PF_PAD_LEFT_SHOULDER);
    pf_msg_input_from_pad_state (&s, &again);
    PF_CHECK_INT (again.x, ==, d.input.x);
    PF_CHECK_INT (again.y, ==, d.input.y);
    PF_CHECK_HEX (again.flags, ==, d.input.flags);
  }
  PF_CHECK_UINT (n, ==, 14);
  crypto_vectors_clear ();
}

static void
test_input_check (void)
{
  static const struct {
    PfMsgInput input;
    int ret;
  } known[] = {
    { { PF_MSG_INPUT_KEY_DOWN, 0x41, 0, 0, 0 }, 0 },
    { { PF_MSG_INPUT_KEY_DOWN, 0x100, 0, 0, 0 }, PF_ERR_INVALID },
    { { PF_MSG_INPUT_MOUSE_ABSOLUTE, 0, 5, 5, 1280u << 16 | 720 }, 0 },
    { { PF_MSG_INPUT_MOUSE_ABSOLUTE, 0, 5, 5, 1280u << 16 }, PF_ERR_INVALID },
    { { PF_MSG_INPUT_MOUSE_ABSOLUTE, 0, 5, 5, 720 }, PF_ERR_INVALID },
    { { PF_MSG_INPUT_TOUCH_DOWN, 0, 5, 5, 0 }, PF_ERR_INVALID },
    { { PF_MSG_INPUT_TOUCH_UP, 0, 5, 5, 0 }, 0 },
    { { PF_MSG_INPUT_BUTTON_UP, 0, 0, 0, 0 }, PF_ERR_INVALID },
    { { PF_MSG_INPUT_BUTTON_UP, 5, 0, 0, 0 }, 0 },
    { { PF_MSG_INPUT_BUTTON_DOWN, 6, 0, 0, 0 }, PF_ERR_INVALID },
    { { PF_MSG_INPUT_SCROLL, 1, -120, 0, 1 }, 0 },
    { { PF_MSG_INPUT_SCROLL, 2, 120, 0, 0 }, PF_ERR_INVALID },
    { { PF_MSG_INPUT_PAD_BUTTON, PF_PAD_A, 1, 0, 15 }, 0 },
    { { PF_MSG_INPUT_PAD_BUTTON, PF_PAD_A, 1, 0, 16 }, PF_ERR_INVALID },
    { { PF_MSG_INPUT_PAD_AXIS, 0, -32768, 0, 0 }, 0 },
    { { PF_MSG_INPUT_PAD_AXIS, 0, 32768, 0, 0 }, PF_ERR_INVALID },
    { { PF_MSG_INPUT_PAD_AXIS, 4, 255, 0, 0 }, 0 },
    { { PF_MSG_INPUT_PAD_AXIS, 5, -1, 0, 0 }, PF_ERR_INVALID },
    { { PF_MSG_INPUT_PAD_AXIS, 6, 0, 0, 0 }, PF_ERR_INVALID },
    { { PF_MSG_INPUT_PAD_STATE, 0, 0, 0, 0xffffff0f }, 0 },
    { { PF_MSG_INPUT_PAD_STATE, 0, 0, 0, 0xffffff10 }, PF_ERR_INVALID },
    { { PF_MSG_INPUT_TEXT, 0x1f600, 0, 0, 0 }, 0 },
    { { PF_MSG_INPUT_TEXT, 0, 0, 0, 0 }, PF_ERR_INVALID },
    { { PF_MSG_INPUT_TEXT, 0xd800, 0, 0, 0 }, PF_ERR_INVALID },
    { { PF_MSG_INPUT_TEXT, 0x110000, 0, 0, 0 }, PF_ERR_INVALID },
    { { 16, 0, 0, 0, 0 }, PF_ERR_UNSUPPORTED },
    { { 255, 0, 0, 0, 0 }, PF_ERR_UNSUPPORTED },
  };

  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    PF_CHECK_INT (pf_msg_input_check (&known[i].input), ==, known[i].ret);
  PF_CHECK_HEX (pf_msg_input_grant (&known[0].input), ==, PF_GRANT_KEYBOARD);
  PF_CHECK_HEX (pf_msg_input_grant (&known[2].input), ==, PF_GRANT_POINTER);
  PF_CHECK_HEX (pf_msg_input_grant (&known[12].input), ==, PF_GRANT_GAMEPAD);
  PF_CHECK_HEX (pf_msg_input_grant (&known[21].input), ==, PF_GRANT_KEYBOARD);
}

static void
test_input_merge (void)
{
  PfMsgInput a = { PF_MSG_INPUT_MOUSE_MOVE, 0, 3, -4, 0 };
  PfMsgInput b = { PF_MSG_INPUT_MOUSE_MOVE, 0, 10, 20, 0 };

  PF_CHECK (pf_msg_input_merge (&a, &b));
  PF_CHECK_INT (a.x, ==, 13);
  PF_CHECK_INT (a.y, ==, 16);
  b.y = INT32_MAX;
  PF_CHECK (!pf_msg_input_merge (&a, &b));
  PF_CHECK_INT (a.x, ==, 13);
  a = (PfMsgInput){ PF_MSG_INPUT_SCROLL, 0, 120, 0, 0 };
  b = (PfMsgInput){ PF_MSG_INPUT_SCROLL, 1, 120, 0, 0 };
  PF_CHECK (!pf_msg_input_merge (&a, &b)); /* another axis */
  b = (PfMsgInput){ PF_MSG_INPUT_SCROLL, 0, 120, 0, 1 };
  PF_CHECK (!pf_msg_input_merge (&a, &b)); /* another kind of surface */
  b.flags = 0;
  PF_CHECK (pf_msg_input_merge (&a, &b));
  PF_CHECK_INT (a.x, ==, 240);
  a = b = (PfMsgInput){ PF_MSG_INPUT_KEY_DOWN, 65, 0, 0, 0 };
  PF_CHECK (!pf_msg_input_merge (&a, &b));
}

static void
test_seq (void)
{
  PF_CHECK (pf_msg_seq_newer (1, 0));
  PF_CHECK (pf_msg_seq_newer (0, 255));
  PF_CHECK (pf_msg_seq_newer (127, 0));
  PF_CHECK (!pf_msg_seq_newer (128, 0));
  PF_CHECK (!pf_msg_seq_newer (5, 5));
  PF_CHECK (!pf_msg_seq_newer (250, 3));
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/msg/datagram/vectors", test_vectors);
  PF_TEST_ADD ("/msg/datagram/lengths", test_lengths);
  PF_TEST_ADD ("/msg/datagram/versions", test_versions);
  PF_TEST_ADD ("/msg/datagram/refused", test_refused);
  PF_TEST_ADD ("/msg/datagram/pen-values", test_pen_values);
  PF_TEST_ADD ("/msg/input/vectors", test_input_vectors);
  PF_TEST_ADD ("/msg/input/check", test_input_check);
  PF_TEST_ADD ("/msg/input/merge", test_input_merge);
  PF_TEST_ADD ("/msg/input/seq", test_seq);
  return pf_test_run (argc, argv);
}
