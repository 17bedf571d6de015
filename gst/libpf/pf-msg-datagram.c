/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * QUIC datagrams: rows of numbers, most with bytes of any length behind.
 */
#include "pf-msg-datagram.h"

#include <math.h>
#include <string.h>

#include "pf-bytes.h"
#include "pf-msg-fields.h"

#define N(array) (sizeof (array) / sizeof *(array))
#define NUMBER(member) PF_NUMBER (PfMsgDatagram, member)
#define BYTES(member) PF_BYTES (PfMsgDatagram, member)

/* ---- Layouts ------------------------------------------------------------ */

static const PfMsgField input[] = {
  NUMBER (input.kind),
  NUMBER (input.code),
  NUMBER (input.x),
  NUMBER (input.y),
  NUMBER (input.flags),
};

static const PfMsgField audio[] = {
  NUMBER (audio.seq),
  NUMBER (audio.pts_ns),
};

static const PfMsgField pad_audio[] = {
  NUMBER (pad_audio.pad),
  NUMBER (pad_audio.kind),
  NUMBER (pad_audio.seq),
  NUMBER (pad_audio.pts_ns),
};

static const PfMsgField rumble[] = {
  NUMBER (rumble.pad), NUMBER (rumble.low),
  NUMBER (rumble.high),                                        /* version 1 */
  NUMBER (rumble.seq), NUMBER (rumble.ttl_ms),                 /* version 2 */
  NUMBER (rumble.left_trigger), NUMBER (rumble.right_trigger), /* version 3 */
};

static const PfMsgField host_timing[] = {
  NUMBER (host_timing.pts_ns), NUMBER (host_timing.host_us), /* version 1 */
  NUMBER (host_timing.queue_us), NUMBER (host_timing.encode_us),
  NUMBER (host_timing.pace_us),          /* version 2 */
  NUMBER (host_timing.applied_phase_ns), /* version 3 */
};

static const PfMsgField cursor[] = {
  NUMBER (cursor.serial),
  NUMBER (cursor.flags),
  NUMBER (cursor.x),
  NUMBER (cursor.y),
};

static const PfMsgField led[] = {
  NUMBER (hid_out.led.pad),
  NUMBER (hid_out.led.red),
  NUMBER (hid_out.led.green),
  NUMBER (hid_out.led.blue),
};

static const PfMsgField player_leds[] = {
  NUMBER (hid_out.player_leds.pad),
  NUMBER (hid_out.player_leds.bits),
};

static const PfMsgField trigger[] = {
  NUMBER (hid_out.trigger.pad),
  NUMBER (hid_out.trigger.which),
};

static const PfMsgField haptic[] = {
  NUMBER (hid_out.haptic.pad),
  NUMBER (hid_out.haptic.side),
  NUMBER (hid_out.haptic.amplitude),
  NUMBER (hid_out.haptic.period),
  NUMBER (hid_out.haptic.count),
};

static const PfMsgField raw[] = {
  NUMBER (hid_out.raw.pad),
  NUMBER (hid_out.raw.kind),
};

static const PfMsgField audio_control[] = {
  NUMBER (hid_out.audio_control.pad),
  NUMBER (hid_out.audio_control.flags),
  BYTES (hid_out.audio_control.raw),
};

static const PfMsgField touchpad[] = {
  NUMBER (rich.touchpad.pad),
  NUMBER (rich.touchpad.finger),
  NUMBER (rich.touchpad.active),
  NUMBER (rich.touchpad.x),
  NUMBER (rich.touchpad.y),
};

static const PfMsgField motion[] = {
  NUMBER (rich.motion.pad),
  NUMBER (rich.motion.gyro[0]),
  NUMBER (rich.motion.gyro[1]),
  NUMBER (rich.motion.gyro[2]),
  NUMBER (rich.motion.accel[0]),
  NUMBER (rich.motion.accel[1]),
  NUMBER (rich.motion.accel[2]),
};

static const PfMsgField touchpad_ex[] = {
  NUMBER (rich.touchpad_ex.pad),
  NUMBER (rich.touchpad_ex.surface),
  NUMBER (rich.touchpad_ex.finger),
  NUMBER (rich.touchpad_ex.state),
  NUMBER (rich.touchpad_ex.x),
  NUMBER (rich.touchpad_ex.y),
  NUMBER (rich.touchpad_ex.pressure),
};

static const PfMsgField hid_report[] = {
  NUMBER (rich.hid_report.pad),
};

static const PfMsgField pen[] = {
  NUMBER (rich.pen.flags),
  NUMBER (rich.pen.n_samples),
  NUMBER (rich.pen.seq),
};

static const PfMsgField pen_sample[] = {
  PF_NUMBER (PfMsgPenSample, state),
  PF_NUMBER (PfMsgPenSample, tool),
  PF_NUMBER (PfMsgPenSample, x),
  PF_NUMBER (PfMsgPenSample, y),
  PF_NUMBER (PfMsgPenSample, pressure),
  PF_NUMBER (PfMsgPenSample, distance),
  PF_NUMBER (PfMsgPenSample, tilt),
  PF_NUMBER (PfMsgPenSample, azimuth),
  PF_NUMBER (PfMsgPenSample, roll),
  PF_NUMBER (PfMsgPenSample, dt_us),
};

enum { PEN_SAMPLE = 21 };

/* ---- What is behind the numbers ----------------------------------------- */

typedef enum {
  NOTHING,
  REST,     /* bytes up to the end: a PfMsgSpan at .behind */
  COUNTED,  /* the same after its length, u8 */
  TWO,      /* u16 length, bytes, then the rest: audio with redundancy */
  SAMPLES,  /* of a pen */
  HDR_BODY, /* instead of numbers */
} Behind;

typedef struct {
  uint8_t tag, kind; /* kind 0: the tag has none */
  uint8_t n_fields;
  uint8_t counts[2];  /* fields of a shorter version 1 and 2; 0: no versions */
  uint16_t version;   /* offset of the version */
  uint16_t behind_at; /* offset of the span */
  uint16_t most;      /* bytes behind; 0: any number */
  Behind behind;
  const PfMsgField *fields;
} Layout;

#define AT(member) offsetof (PfMsgDatagram, member)
#define FIELDS(f) .fields = f, .n_fields = N (f)
#define AUDIO(t, b)                                                            \
  {                                                                            \
    .tag = t, FIELDS (audio), .behind = b, .behind_at = AT (audio.data)        \
  }
#define HID(k, f, ...)                                                         \
  {                                                                            \
    .tag = PF_DGRAM_HID_OUT, .kind = k, FIELDS (f), __VA_ARGS__                \
  }
#define RICH(k, f, ...)                                                        \
  {                                                                            \
    .tag = PF_DGRAM_RICH, .kind = k, FIELDS (f), __VA_ARGS__                   \
  }

static const Layout layouts[] = {
  { .tag = PF_DGRAM_INPUT, FIELDS (input) },
  AUDIO (PF_DGRAM_AUDIO, REST),
  { .tag = PF_DGRAM_RUMBLE,
      FIELDS (rumble),
      .counts = { 3, 5 },
      .version = AT (rumble.version) },
  AUDIO (PF_DGRAM_MIC, REST),
  RICH (PF_RICH_TOUCHPAD, touchpad, .behind = NOTHING),
  RICH (PF_RICH_MOTION, motion, .behind = NOTHING),
  RICH (PF_RICH_TOUCHPAD_EX, touchpad_ex, .behind = NOTHING),
  RICH (PF_RICH_HID_REPORT, hid_report, .behind = COUNTED,
      .behind_at = AT (rich.hid_report.report), .most = PF_HID_REPORT_MAX),
  RICH (PF_RICH_PEN, pen, .behind = SAMPLES),
  HID (PF_HID_LED, led, .behind = NOTHING),
  HID (PF_HID_PLAYER_LEDS, player_leds, .behind = NOTHING),
  HID (PF_HID_TRIGGER, trigger, .behind = REST,
      .behind_at = AT (hid_out.trigger.effect), .most = PF_HID_EFFECT_MAX),
  HID (PF_HID_HAPTIC, haptic, .behind = NOTHING),
  HID (PF_HID_RAW, raw, .behind = REST, .behind_at = AT (hid_out.raw.report),
      .most = PF_HID_REPORT_MAX),
  HID (PF_HID_AUDIO_CONTROL, audio_control, .behind = NOTHING),
  { .tag = PF_DGRAM_HDR, .behind = HDR_BODY },
  { .tag = PF_DGRAM_HOST_TIMING,
      FIELDS (host_timing),
      .counts = { 2, 5 },
      .version = AT (host_timing.version) },
  { .tag = PF_DGRAM_CURSOR, FIELDS (cursor) },
  { .tag = PF_DGRAM_PAD_AUDIO,
      FIELDS (pad_audio),
      .behind = REST,
      .behind_at = AT (pad_audio.data) },
  AUDIO (PF_DGRAM_AUDIO_RED, TWO),
  AUDIO (PF_DGRAM_AUDIO_PCM, REST),
};

static const Layout *
find (unsigned tag, unsigned kind)
{
  for (size_t i = 0; i < N (layouts); i++)
    if (layouts[i].tag == tag &&
        (layouts[i].kind == 0 || layouts[i].kind == kind))
      return &layouts[i];
  return NULL;
}

bool
pf_msg_datagram_from_client (unsigned tag)
{
  return tag == PF_DGRAM_INPUT || tag == PF_DGRAM_MIC || tag == PF_DGRAM_RICH;
}

bool
pf_msg_datagram_from_host (unsigned tag)
{
  return tag >= PF_DGRAM_AUDIO && tag <= PF_DGRAM_AUDIO_PCM &&
         !pf_msg_datagram_from_client (tag);
}

static PfMsgSpan *
span_of (const Layout *l, PfMsgDatagram *d)
{
  return (PfMsgSpan *) (void *) ((uint8_t *) d + l->behind_at);
}

/* ---- Encoding ----------------------------------------------------------- */

/* Where to write. What does not fit is left out, but counted. */
typedef struct {
  uint8_t *bytes;
  size_t room;
  size_t at;
} Writer;

static uint8_t *
put (Writer *w, size_t size)
{
  uint8_t *p =
      w->at <= w->room && size <= w->room - w->at ? w->bytes + w->at : NULL;

  w->at += size;
  return p;
}

static void
put_number (Writer *w, size_t size, uint16_t value)
{
  uint8_t *p = put (w, size);

  if (p && size == 1)
    *p = (uint8_t) value;
  else if (p)
    pf_put_le16 (p, value);
}

static void
put_bytes (Writer *w, const PfMsgSpan *span)
{
  uint8_t *p = put (w, span->size);

  if (p && span->size > 0)
    memcpy (p, span->data, span->size);
}

static void
put_fields (
    Writer *w, const PfMsgField *fields, size_t n, const void *structure)
{
  uint8_t *p = put (w, pf_msg_fields_size (fields, n));

  if (p)
    pf_msg_fields_put (fields, n, structure, p);
}

static int
put_behind (Writer *w, const Layout *l, PfMsgDatagram *d)
{
  const PfMsgSpan *span = span_of (l, d);

  if (l->most > 0 && span->size > l->most)
    return PF_ERR_INVALID;
  switch (l->behind) {
  case NOTHING:
    break;
  case COUNTED:
    put_number (w, 1, (uint16_t) span->size);
    put_bytes (w, span);
    break;
  case REST:
    put_bytes (w, span);
    break;
  case TWO:
    if (span->size > UINT16_MAX)
      return PF_ERR_INVALID;
    put_number (w, 2, (uint16_t) span->size);
    put_bytes (w, span);
    put_bytes (w, &d->audio.previous);
    break;
  case SAMPLES:
    if (d->rich.pen.n_samples > PF_PEN_SAMPLES_MAX)
      return PF_ERR_INVALID;
    for (size_t i = 0; i < d->rich.pen.n_samples; i++)
      put_fields (w, pen_sample, N (pen_sample), &d->rich.pen.samples[i]);
    break;
  case HDR_BODY: {
    uint8_t *p = put (w, PF_MSG_HDR_SIZE);

    if (p)
      pf_msg_hdr_put (&d->hdr, p);
    break;
  }
  }
  return 0;
}

static unsigned
kind_of (const PfMsgDatagram *d)
{
  if (d->tag == PF_DGRAM_RICH)
    return d->rich.kind;
  return d->tag == PF_DGRAM_HID_OUT ? d->hid_out.kind : 0;
}

/* Fields of the version that the structure says it has. */
static size_t
n_fields_of (const Layout *l, const PfMsgDatagram *d)
{
  const unsigned version = ((const uint8_t *) d)[l->version];

  if (l->counts[0] == 0 || version > 2)
    return l->n_fields;
  return l->counts[version < 2 ? 0 : 1];
}

int
pf_msg_datagram_encode (
    const PfMsgDatagram *datagram, uint8_t *bytes, size_t room, size_t *size)
{
  PfMsgDatagram d = *datagram;
  const Layout *l = find (d.tag, kind_of (&d));
  Writer w = { bytes, room, 0 };
  int ret;

  if (!l)
    return PF_ERR_INVALID;
  put_number (&w, 1, l->tag);
  if (l->kind > 0)
    put_number (&w, 1, l->kind);
  put_fields (&w, l->fields, n_fields_of (l, &d), &d);
  ret = put_behind (&w, l, &d);
  if (ret < 0)
    return ret;
  if (w.at > room)
    return PF_ERR_RANGE;
  *size = w.at;
  return 0;
}

/* ---- Decoding ----------------------------------------------------------- */

/* Inside 0 .. 1; false for what is no number. */
static bool
clamp (float *v)
{
  if (!isfinite (*v))
    return false;
  *v = *v < 0 ? 0 : *v > 1 ? 1 : *v;
  return true;
}

static int
get_samples (const uint8_t *bytes, size_t size, PfMsgPen *m)
{
  if (m->n_samples > PF_PEN_SAMPLES_MAX ||
      size < (size_t) m->n_samples * PEN_SAMPLE)
    return PF_ERR_INVALID;
  for (size_t i = 0; i < m->n_samples; i++) {
    PfMsgPenSample *s = &m->samples[i];

    pf_msg_fields_get (pen_sample, N (pen_sample), bytes + i * PEN_SAMPLE, s);
    if (!clamp (&s->x) || !clamp (&s->y))
      return PF_ERR_INVALID;
  }
  return 0;
}

static int
get_behind (
    const Layout *l, const uint8_t *bytes, size_t size, PfMsgDatagram *d)
{
  PfMsgSpan found = { bytes, size };

  switch (l->behind) {
  case NOTHING:
    return 0;
  case SAMPLES:
    return get_samples (bytes, size, &d->rich.pen);
  case HDR_BODY:
    if (size < PF_MSG_HDR_SIZE)
      return PF_ERR_INVALID;
    pf_msg_hdr_get (bytes, &d->hdr);
    return 0;
  case COUNTED:
    if (size < 1 || bytes[0] > size - 1)
      return PF_ERR_INVALID;
    found = (PfMsgSpan){ bytes + 1, bytes[0] };
    break;
  case TWO:
    if (size < 2 || pf_get_le16 (bytes) > size - 2)
      return PF_ERR_INVALID;
    found = (PfMsgSpan){ bytes + 2, pf_get_le16 (bytes) };
    d->audio.previous =
        (PfMsgSpan){ bytes + 2 + found.size, size - 2 - found.size };
    break;
  case REST:
    break;
  }
  if (l->most > 0 && found.size > l->most)
    return PF_ERR_INVALID;
  *span_of (l, d) = found;
  return 0;
}

/* How many fields there are, and which version that makes. */
static int
get_fields (const Layout *l, const uint8_t *bytes, size_t size,
    PfMsgDatagram *d, size_t *used)
{
  size_t n = l->n_fields;
  uint8_t version = 3;

  if (l->counts[0] > 0)
    while (version > 1 && size < pf_msg_fields_size (l->fields, n))
      n = l->counts[--version - 1];
  *used = pf_msg_fields_size (l->fields, n);
  if (size < *used)
    return PF_ERR_INVALID;
  pf_msg_fields_get (l->fields, n, bytes, d);
  if (l->counts[0] > 0)
    ((uint8_t *) d)[l->version] = version;
  return 0;
}

static void
set_kind (PfMsgDatagram *d, unsigned kind)
{
  if (d->tag == PF_DGRAM_RICH)
    d->rich.kind = (PfRichKind) kind;
  else if (d->tag == PF_DGRAM_HID_OUT)
    d->hid_out.kind = (PfHidOutKind) kind;
}

int
pf_msg_datagram_decode (
    const uint8_t *bytes, size_t size, PfMsgDatagram *datagram)
{
  PfMsgDatagram d;
  const Layout *l;
  size_t at = 1, used;
  int ret;

  if (size < 2)
    return PF_ERR_INVALID;
  l = find (bytes[0], bytes[1]);
  if (!l)
    return PF_ERR_UNSUPPORTED;
  memset (&d, 0, sizeof d);
  d.tag = (PfDgramTag) l->tag;
  set_kind (&d, l->kind);
  if (l->kind > 0)
    at++;
  ret = get_fields (l, bytes + at, size - at, &d, &used);
  if (ret < 0)
    return ret;
  at += used;
  ret = get_behind (l, bytes + at, size - at, &d);
  if (ret == 0)
    *datagram = d;
  return ret;
}
