/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Typed messages of the control stream: most are a row of numbers, the others
 * have functions of their own.
 */
#include "pf-msg-control.h"

#include <string.h>

#include "pf-bytes.h"
#include "pf-msg-fields.h"

#define N(array) (sizeof (array) / sizeof *(array))

static const uint8_t magic[4] = { 'P', 'K', 'F', 'c' };

/* ---- Rows of numbers ---------------------------------------------------- */

#define NUMBER(member) PF_NUMBER (PfMsgControl, member)
#define NUMBER_OR(member, absent) PF_NUMBER_OR (PfMsgControl, member, absent)
#define BYTES(member) PF_BYTES (PfMsgControl, member)

static const PfMsgField reconfigure[] = {
  NUMBER (reconfigure.width),
  NUMBER (reconfigure.height),
  NUMBER (reconfigure.refresh_hz),
};

static const PfMsgField reconfigured[] = {
  NUMBER (reconfigured.accepted),
  NUMBER (reconfigured.mode.width),
  NUMBER (reconfigured.mode.height),
  NUMBER (reconfigured.mode.refresh_hz),
};

static const PfMsgField loss_report[] = {
  NUMBER (loss_report.loss_ppm),
};

static const PfMsgField set_bitrate[] = {
  NUMBER (bitrate.bitrate_kbps),
};

static const PfMsgField bitrate_changed[] = {
  NUMBER (bitrate.bitrate_kbps), NUMBER (bitrate.reason), /* tail */
};

static const PfMsgField rfi_request[] = {
  NUMBER (rfi_request.first),
  NUMBER (rfi_request.last),
};

static const PfMsgField shard_payload[] = {
  NUMBER (shard_payload.shard_payload),
};

static const PfMsgField pipeline_gap[] = {
  NUMBER (pipeline_gap.gap_ms),
};

static const PfMsgField delivery_report[] = {
  NUMBER (delivery_report.packets_received),
};

static const PfMsgField link_report[] = {
  NUMBER (link_report.proven_kbps),
};

static const PfMsgField pair_proof[] = {
  BYTES (pair_proof.confirm),
};

static const PfMsgField pair_result[] = {
  NUMBER (pair_result.ok),
};

static const PfMsgField probe_request[] = {
  NUMBER (probe_request.target_kbps),
  NUMBER (probe_request.duration_ms),
};

static const PfMsgField probe_result[] = {
  NUMBER (probe_result.bytes_sent),
  NUMBER (probe_result.units_sent),
  NUMBER (probe_result.duration_ms),
  NUMBER (probe_result.wire_packets), /* tail */
  NUMBER (probe_result.send_dropped),
};

static const PfMsgField clock_probe[] = {
  NUMBER (clock_probe.t1),
};

static const PfMsgField clock_echo[] = {
  NUMBER (clock_echo.t1),
  NUMBER (clock_echo.t2),
  NUMBER (clock_echo.t3),
};

static const PfMsgField phase_report[] = {
  NUMBER (phase_report.next_latch_host_ns), NUMBER (phase_report.period_ns),
  NUMBER (phase_report.uncertainty_ns), NUMBER (phase_report.lead_ns),
  NUMBER_OR (phase_report.coherence_milli, UINT16_MAX), /* tail */
};

static const PfMsgField clip_control[] = {
  NUMBER (clip_control.enabled),
  NUMBER (clip_control.flags),
};

static const PfMsgField clip_state[] = {
  NUMBER (clip_state.enabled),
  NUMBER (clip_state.policy),
  NUMBER (clip_state.reason),
};

static const PfMsgField clip_fetch_header[] = {
  NUMBER (clip_fetch_header.status),
  NUMBER (clip_fetch_header.total),
};

static const PfMsgField cursor_render_mode[] = {
  NUMBER (cursor_render_mode.client_draws),
};

static const PfMsgField access_update[] = {
  NUMBER (access_update.grants),
  NUMBER (access_update.remaining_s),
};

static const PfMsgField audio_state[] = {
  NUMBER (audio_state.muted),
};

static const PfMsgField pad_slots[] = {
  NUMBER (pad_slots.mask),
};

/* ---- The others: body in, body out -------------------------------------- */

static int
pair_request_get (const uint8_t *body, size_t size, PfMsgControl *c)
{
  PfMsgPairRequest *m = &c->pair_request;
  const size_t name = size > 0 ? body[0] : 0;

  if (size != 1 + name + 2 + PF_MSG_SPAKE_SIZE ||
      pf_get_le16 (body + 1 + name) != PF_MSG_SPAKE_SIZE)
    return PF_ERR_INVALID;
  pf_msg_text_get (body + 1, name, m->name, PF_MSG_NAME_MAX);
  memcpy (m->spake, body + 1 + name + 2, PF_MSG_SPAKE_SIZE);
  return 0;
}

static int
pair_request_put (
    const PfMsgControl *c, uint8_t *body, size_t room, size_t *size)
{
  const PfMsgPairRequest *m = &c->pair_request;
  const char *end = memchr (m->name, 0, sizeof m->name);
  const size_t name = end ? (size_t) (end - m->name) : 0;

  if (!end || !pf_msg_utf8_check ((const uint8_t *) m->name, name))
    return PF_ERR_INVALID;
  *size = 1 + name + 2 + PF_MSG_SPAKE_SIZE;
  if (*size > room)
    return PF_ERR_RANGE;
  body[0] = (uint8_t) name;
  memcpy (body + 1, m->name, name);
  pf_put_le16 (body + 1 + name, PF_MSG_SPAKE_SIZE);
  memcpy (body + 1 + name + 2, m->spake, PF_MSG_SPAKE_SIZE);
  return 0;
}

enum { CHALLENGE_SIZE = 2 + PF_MSG_SPAKE_SIZE + PF_MSG_CONFIRM_SIZE };

static int
pair_challenge_get (const uint8_t *body, size_t size, PfMsgControl *c)
{
  PfMsgPairChallenge *m = &c->pair_challenge;

  if (size != CHALLENGE_SIZE || pf_get_le16 (body) != PF_MSG_SPAKE_SIZE)
    return PF_ERR_INVALID;
  memcpy (m->spake, body + 2, PF_MSG_SPAKE_SIZE);
  memcpy (m->confirm, body + 2 + PF_MSG_SPAKE_SIZE, PF_MSG_CONFIRM_SIZE);
  return 0;
}

static int
pair_challenge_put (
    const PfMsgControl *c, uint8_t *body, size_t room, size_t *size)
{
  const PfMsgPairChallenge *m = &c->pair_challenge;

  *size = CHALLENGE_SIZE;
  if (*size > room)
    return PF_ERR_RANGE;
  pf_put_le16 (body, PF_MSG_SPAKE_SIZE);
  memcpy (body + 2, m->spake, PF_MSG_SPAKE_SIZE);
  memcpy (body + 2 + PF_MSG_SPAKE_SIZE, m->confirm, PF_MSG_CONFIRM_SIZE);
  return 0;
}

/* u8 length, mime type. Its bytes, or 0 if it is none. */
static size_t
mime_get (const uint8_t *bytes, size_t size, PfMsgSpan *mime)
{
  if (size < 1 || bytes[0] > PF_MSG_MIME_MAX || bytes[0] > size - 1 ||
      !pf_msg_utf8_check (bytes + 1, bytes[0]))
    return 0;
  *mime = (PfMsgSpan){ bytes + 1, bytes[0] };
  return 1 + (size_t) bytes[0];
}

static size_t
mime_put (const PfMsgSpan *mime, uint8_t *bytes)
{
  bytes[0] = (uint8_t) mime->size;
  if (mime->size > 0)
    memcpy (bytes + 1, mime->data, mime->size);
  return 1 + mime->size;
}

static bool
mime_check (const PfMsgSpan *mime)
{
  return mime->size <= PF_MSG_MIME_MAX &&
         pf_msg_utf8_check (mime->data, mime->size);
}

static int
clip_offer_get (const uint8_t *body, size_t size, PfMsgControl *c)
{
  PfMsgClipOffer *m = &c->clip_offer;
  size_t at = 5;

  if (size < at || body[4] > PF_MSG_CLIP_KINDS_MAX)
    return PF_ERR_INVALID;
  m->seq = pf_get_le32 (body);
  m->n_kinds = body[4];
  for (size_t i = 0; i < m->n_kinds; i++) {
    const size_t mime = mime_get (body + at, size - at, &m->kinds[i].mime);

    if (mime == 0 || size - at - mime < 8)
      return PF_ERR_INVALID;
    m->kinds[i].size = pf_get_le64 (body + at + mime);
    at += mime + 8;
  }
  return 0;
}

static int
clip_offer_put (const PfMsgControl *c, uint8_t *body, size_t room, size_t *size)
{
  const PfMsgClipOffer *m = &c->clip_offer;
  size_t at = 5;

  if (m->n_kinds > PF_MSG_CLIP_KINDS_MAX)
    return PF_ERR_INVALID;
  if (room < at)
    return PF_ERR_RANGE;
  pf_put_le32 (body, m->seq);
  body[4] = m->n_kinds;
  for (size_t i = 0; i < m->n_kinds; i++) {
    const PfMsgSpan *mime = &m->kinds[i].mime;

    if (!mime_check (mime))
      return PF_ERR_INVALID;
    if (room - at < 1 + mime->size + 8)
      return PF_ERR_RANGE;
    at += mime_put (mime, body + at);
    pf_put_le64 (body + at, m->kinds[i].size);
    at += 8;
  }
  *size = at;
  return 0;
}

static int
clip_fetch_get (const uint8_t *body, size_t size, PfMsgControl *c)
{
  PfMsgClipFetch *m = &c->clip_fetch;

  if (size < 8 || mime_get (body + 8, size - 8, &m->mime) == 0)
    return PF_ERR_INVALID;
  m->seq = pf_get_le32 (body);
  m->file_index = pf_get_le32 (body + 4);
  return 0;
}

static int
clip_fetch_put (const PfMsgControl *c, uint8_t *body, size_t room, size_t *size)
{
  const PfMsgClipFetch *m = &c->clip_fetch;

  if (!mime_check (&m->mime))
    return PF_ERR_INVALID;
  *size = 8 + 1 + m->mime.size;
  if (*size > room)
    return PF_ERR_RANGE;
  pf_put_le32 (body, m->seq);
  pf_put_le32 (body + 4, m->file_index);
  mime_put (&m->mime, body + 8);
  return 0;
}

static const PfMsgField cursor_head[] = {
  NUMBER (cursor_shape.serial),
  NUMBER (cursor_shape.width),
  NUMBER (cursor_shape.height),
  NUMBER (cursor_shape.hot_x),
  NUMBER (cursor_shape.hot_y),
};

enum { CURSOR_HEAD = 12 };

/* Bytes of the picture; 0 if the sides are not allowed. */
static size_t
cursor_bytes (const PfMsgCursorShape *m)
{
  if (m->width < 1 || m->width > PF_MSG_CURSOR_SIDE_MAX || m->height < 1 ||
      m->height > PF_MSG_CURSOR_SIDE_MAX)
    return 0;
  return (size_t) m->width * m->height * 4;
}

static int
cursor_shape_get (const uint8_t *body, size_t size, PfMsgControl *c)
{
  PfMsgCursorShape *m = &c->cursor_shape;

  if (size < CURSOR_HEAD)
    return PF_ERR_INVALID;
  pf_msg_fields_get (cursor_head, N (cursor_head), body, c);
  m->rgba = (PfMsgSpan){ body + CURSOR_HEAD, cursor_bytes (m) };
  if (m->rgba.size == 0 || m->rgba.size != size - CURSOR_HEAD)
    return PF_ERR_INVALID;
  return 0;
}

static int
cursor_shape_put (
    const PfMsgControl *c, uint8_t *body, size_t room, size_t *size)
{
  const PfMsgCursorShape *m = &c->cursor_shape;

  if (m->rgba.size == 0 || m->rgba.size != cursor_bytes (m))
    return PF_ERR_INVALID;
  *size = CURSOR_HEAD + m->rgba.size;
  if (*size > room)
    return PF_ERR_RANGE;
  pf_msg_fields_put (cursor_head, N (cursor_head), c, body);
  memcpy (body + CURSOR_HEAD, m->rgba.data, m->rgba.size);
  return 0;
}

static int
launch_outcome_get (const uint8_t *body, size_t size, PfMsgControl *c)
{
  if (size < 1)
    return PF_ERR_INVALID;
  c->launch_outcome.kind = body[0];
  c->launch_outcome.text = (PfMsgSpan){ body + 1, size - 1 };
  return 0;
}

static int
launch_outcome_put (
    const PfMsgControl *c, uint8_t *body, size_t room, size_t *size)
{
  const PfMsgLaunchOutcome *m = &c->launch_outcome;

  if (room < 1 || m->text.size > room - 1)
    return PF_ERR_RANGE;
  *size = 1 + m->text.size;
  body[0] = m->kind;
  if (m->text.size > 0)
    memcpy (body + 1, m->text.data, m->text.size);
  return 0;
}

/* ---- The table ---------------------------------------------------------- */

typedef enum {
  LOOSE, /* longer ones are read as far as they are known */
  EXACT,
} Length;

typedef struct {
  PfMsgType type;
  const char *name;
  Length length;
  const PfMsgField *fields;
  uint8_t n_fields, n_tail; /* the last n_tail of them may be missing */
  int (*get) (const uint8_t *body, size_t size, PfMsgControl *control);
  int (*put) (
      const PfMsgControl *control, uint8_t *body, size_t room, size_t *size);
} Layout;

#define ROW(type, name, length, fields, n_tail)                                \
  {                                                                            \
    type, name, length, fields, N (fields), n_tail, NULL, NULL                 \
  }
#define OWN(type, name, functions)                                             \
  {                                                                            \
    type, name, EXACT, NULL, 0, 0, functions##_get, functions##_put            \
  }

static const Layout layouts[] = {
  ROW (PF_MSG_RECONFIGURE, "Reconfigure", EXACT, reconfigure, 0),
  ROW (PF_MSG_RECONFIGURED, "Reconfigured", EXACT, reconfigured, 0),
  { PF_MSG_REQUEST_KEYFRAME, "RequestKeyframe", EXACT, NULL, 0, 0, NULL, NULL },
  ROW (PF_MSG_LOSS_REPORT, "LossReport", EXACT, loss_report, 0),
  ROW (PF_MSG_SET_BITRATE, "SetBitrate", EXACT, set_bitrate, 0),
  ROW (PF_MSG_BITRATE_CHANGED, "BitrateChanged", EXACT, bitrate_changed, 1),
  ROW (PF_MSG_RFI_REQUEST, "RfiRequest", EXACT, rfi_request, 0),
  ROW (PF_MSG_SHARD_PAYLOAD_CHANGED, "ShardPayloadChanged", EXACT,
      shard_payload, 0),
  ROW (PF_MSG_SHARD_PAYLOAD_ACK, "ShardPayloadAck", EXACT, shard_payload, 0),
  ROW (PF_MSG_PIPELINE_GAP, "PipelineGap", EXACT, pipeline_gap, 0),
  ROW (PF_MSG_DELIVERY_REPORT, "DeliveryReport", LOOSE, delivery_report, 0),
  ROW (PF_MSG_LINK_REPORT, "LinkReport", LOOSE, link_report, 0),
  OWN (PF_MSG_PAIR_REQUEST, "PairRequest", pair_request),
  OWN (PF_MSG_PAIR_CHALLENGE, "PairChallenge", pair_challenge),
  ROW (PF_MSG_PAIR_PROOF, "PairProof", EXACT, pair_proof, 0),
  ROW (PF_MSG_PAIR_RESULT, "PairResult", EXACT, pair_result, 0),
  ROW (PF_MSG_PROBE_REQUEST, "ProbeRequest", EXACT, probe_request, 0),
  ROW (PF_MSG_PROBE_RESULT, "ProbeResult", LOOSE, probe_result, 2),
  ROW (PF_MSG_CLOCK_PROBE, "ClockProbe", EXACT, clock_probe, 0),
  ROW (PF_MSG_CLOCK_ECHO, "ClockEcho", EXACT, clock_echo, 0),
  ROW (PF_MSG_PHASE_REPORT, "PhaseReport", EXACT, phase_report, 1),
  ROW (PF_MSG_CLIP_CONTROL, "ClipControl", LOOSE, clip_control, 0),
  ROW (PF_MSG_CLIP_STATE, "ClipState", LOOSE, clip_state, 0),
  OWN (PF_MSG_CLIP_OFFER, "ClipOffer", clip_offer),
  OWN (PF_MSG_CLIP_FETCH, "ClipFetch", clip_fetch),
  ROW (PF_MSG_CLIP_FETCH_HEADER, "ClipFetchHdr", LOOSE, clip_fetch_header, 0),
  OWN (PF_MSG_CURSOR_SHAPE, "CursorShape", cursor_shape),
  ROW (PF_MSG_CURSOR_RENDER_MODE, "CursorRenderMode", LOOSE, cursor_render_mode,
      0),
  ROW (PF_MSG_ACCESS_UPDATE, "AccessUpdate", LOOSE, access_update, 0),
  ROW (PF_MSG_AUDIO_STATE, "AudioState", LOOSE, audio_state, 0),
  OWN (PF_MSG_LAUNCH_OUTCOME, "LaunchOutcome", launch_outcome),
  ROW (PF_MSG_PAD_SLOTS, "PadSlots", LOOSE, pad_slots, 0),
};

static const Layout *
find (unsigned type)
{
  for (size_t i = 0; i < N (layouts); i++)
    if (layouts[i].type == type)
      return &layouts[i];
  return NULL;
}

const char *
pf_msg_control_name (unsigned type)
{
  const Layout *l = find (type);

  return l ? l->name : NULL;
}

int
pf_msg_control_encode (
    const PfMsgControl *control, uint8_t *bytes, size_t room, size_t *size)
{
  const Layout *l = find (control->type);
  uint8_t *body = bytes + PF_MSG_CONTROL_HEADER;
  size_t n, need;
  int ret = 0;

  if (!l)
    return PF_ERR_INVALID;
  if (room < PF_MSG_CONTROL_HEADER)
    return PF_ERR_RANGE;
  if (l->put) {
    ret = l->put (control, body, room - PF_MSG_CONTROL_HEADER, &need);
  } else {
    n = (size_t) l->n_fields - (control->tail ? 0 : l->n_tail);
    need = pf_msg_fields_size (l->fields, n);
    if (need > room - PF_MSG_CONTROL_HEADER)
      return PF_ERR_RANGE;
    pf_msg_fields_put (l->fields, n, control, body);
  }
  if (ret < 0)
    return ret;
  memcpy (bytes, magic, sizeof magic);
  bytes[sizeof magic] = (uint8_t) control->type;
  *size = PF_MSG_CONTROL_HEADER + need;
  return 0;
}

/* A row of numbers. */
static int
row_get (const Layout *l, const uint8_t *body, size_t size, PfMsgControl *c)
{
  const size_t n_least = (size_t) l->n_fields - l->n_tail;
  const size_t least = pf_msg_fields_size (l->fields, n_least);
  const size_t full = pf_msg_fields_size (l->fields, l->n_fields);

  if (size < least || (l->length == EXACT && size != least && size != full))
    return PF_ERR_INVALID;
  c->tail = l->n_tail > 0 && size >= full;
  pf_msg_fields_get (l->fields, c->tail ? l->n_fields : n_least, body, c);
  if (l->n_tail > 0 && !c->tail)
    pf_msg_tail_absent (l->fields + n_least, l->n_tail, c);
  return 0;
}

int
pf_msg_control_decode (const uint8_t *bytes, size_t size, PfMsgControl *control)
{
  const uint8_t *body = bytes + PF_MSG_CONTROL_HEADER;
  const Layout *l;
  PfMsgControl c;
  int ret;

  if (size < PF_MSG_CONTROL_HEADER || memcmp (bytes, magic, sizeof magic) != 0)
    return PF_ERR_INVALID;
  l = find (bytes[sizeof magic]);
  if (!l)
    return PF_ERR_UNSUPPORTED;
  memset (&c, 0, sizeof c);
  c.type = l->type;
  ret = l->get ? l->get (body, size - PF_MSG_CONTROL_HEADER, &c)
               : row_get (l, body, size - PF_MSG_CONTROL_HEADER, &c);
  if (ret == 0)
    *control = c;
  return ret;
}
