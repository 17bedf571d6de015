/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The host's side of a session. Wishes of a client that may come in any number
 * end in a few fields ("a key frame is wanted, not before"), from which
 * events are made when their time has come; so nothing a client does makes a
 * queue grow.
 */
#include "pf-host-session.h"

#include <stdlib.h>
#include <string.h>

#include "pf-bytes.h"
#include "pf-clock.h"
#include "pf-wipe.h"

/* The longest message a client has reason to send is a Start with extensions;
 * others are passed over. */
enum { MESSAGE_MAX = 8192, OUTPUT_DEFAULT = 16384, OUTPUT_LEAST = 8192 };

typedef enum {
  AWAIT_FIRST,
  OFFERED, /* the caller is to decide */
  PARKED,  /* somebody is to decide */
  AWAIT_START,
  RUNNING,
  PAIRING,
  PAIRED, /* or not: the client knows, and is to close */
  CLOSED,
} State;

struct PfHostSession {
  PfHostConfig config;
  State state;
  uint64_t limit_ns; /* when this state is over */
  PfMsgReader reader;
  PfMsgQueue output;
  PfHostStats stats;

  PfMsgHello hello;
  uint32_t grants;
  bool start_extensions; /* announced in the Welcome */
  PfPunch punch;

  bool pair_parked; /* somebody is to type the PIN */

  bool event_waits;
  PfHostEvent event;
  /* what the event points to */
  PfMsgStart start;
  PfMsgControl message;
  PfMsgDatagram datagram;

  PfMsgMode mode, wished; /* in use; asked for */
  bool reconfiguring;
  uint64_t reconfigure_ns; /* not before */

  bool keyframe_wanted;
  uint64_t keyframe_ns;   /* not before */
  uint64_t echo_until_ns; /* a request before is answered already */
  bool any_key;
  uint32_t key_frame; /* number of the last one */

  bool invalidates; /* the encoder can do without frames */
  bool rfi_wanted;
  uint32_t rfi_first, rfi_last;
  uint64_t rfi_ns; /* not before */

  uint64_t loss_ns; /* not before */

  bool bitrate_wanted;
  uint32_t bitrate_kbps;
  uint64_t bitrate_ns; /* not before */

  bool probing;
  uint64_t probe_ns; /* not before */

  uint64_t datagrams_ns; /* what was taken is worth up to here */

  uint64_t heard_ns; /* last, of the client */
  bool silent;       /* it was told */
  bool back;         /* it is to be told */

  uint8_t memory[MESSAGE_MAX];
  uint8_t output_memory[];
};

int
pf_host_session_new (
    const PfHostConfig *config, PfInstant now, PfHostSession **session)
{
  size_t output;
  PfHostSession *s;

  if (!config || !session)
    return PF_ERR_INVALID;
  output = config->output_size ? config->output_size : OUTPUT_DEFAULT;
  if (output < OUTPUT_LEAST)
    output = OUTPUT_LEAST;
  s = calloc (1, sizeof *s + output);
  if (!s)
    return PF_ERR_NO_MEMORY;
  s->config = *config;
  if (s->config.keyframe_gap_ns == 0)
    s->config.keyframe_gap_ns = PF_HOST_KEYFRAME_NS;
  if (s->config.approval_ns == 0)
    s->config.approval_ns = PF_HOST_APPROVAL_NS;
  s->limit_ns = now.mono_ns + PF_HOST_HELLO_NS;
  pf_msg_reader_init (&s->reader, s->memory, sizeof s->memory);
  pf_msg_queue_init (&s->output, s->output_memory, output);
  pf_punch_init (&s->punch, &config->peer);
  *session = s;
  return 0;
}

void
pf_host_session_free (PfHostSession *session)
{
  if (!session)
    return;
  pf_msg_queue_clear (&session->output);
  free (session);
}

/* ---- Events ------------------------------------------------------------- */

/* Call with no event waiting. */
static PfHostEvent *
tell (PfHostSession *s, PfHostEventType type)
{
  s->event_waits = true;
  s->event = (PfHostEvent){ .type = type };
  return &s->event;
}

static void
close_with (PfHostSession *s, PfCloseCode code, const char *text)
{
  if (s->state == CLOSED)
    return;
  s->state = CLOSED;
  s->limit_ns = PF_NEVER;
  s->keyframe_wanted = s->rfi_wanted = s->bitrate_wanted = false;
  pf_msg_queue_clear (&s->output);
  tell (s, PF_HOST_CLOSE);
  s->event.close.code = code;
  s->event.close.text = text ? text : pf_close_text (code);
}

/* ---- Answers ------------------------------------------------------------ */

static void
answer (PfHostSession *s, const PfMsgControl *control)
{
  if (pf_msg_queue_put (&s->output, control) < 0)
    s->stats.unsent++;
}

static void
answer_reconfigured (PfHostSession *s, bool accepted)
{
  answer (s, &(PfMsgControl){ .type = PF_MSG_RECONFIGURED,
                 .reconfigured = { accepted, s->mode } });
}

static void
answer_probe (PfHostSession *s, const PfMsgProbeResult *result)
{
  answer (s,
      &(PfMsgControl){
          .type = PF_MSG_PROBE_RESULT, .tail = true, .probe_result = *result });
}

/* ---- Messages of a running session -------------------------------------- */

static void
on_reconfigure (PfHostSession *s, const PfMsgMode *mode, uint64_t now)
{
  if (s->reconfiguring || now < s->reconfigure_ns ||
      !pf_mode_check (&s->config.limits, mode)) {
    answer_reconfigured (s, false);
    return;
  }
  s->reconfiguring = true;
  s->wished = *mode;
  tell (s, PF_HOST_RECONFIGURE)->mode = *mode;
}

static void
want_keyframe (PfHostSession *s)
{
  s->keyframe_wanted = true;
  s->rfi_wanted = false;
}

static void
on_request_keyframe (PfHostSession *s, uint64_t now)
{
  s->stats.keyframe_wishes++;
  if (now >= s->echo_until_ns)
    want_keyframe (s);
}

/* a before b, of numbers that wrap */
static bool
before (uint32_t a, uint32_t b)
{
  return (int32_t) (a - b) < 0;
}

static void
on_rfi (PfHostSession *s, const PfMsgRfiRequest *rfi)
{
  s->stats.rfi_wishes++;
  if (s->keyframe_wanted)
    return;
  /* lost before a frame that needs none of them */
  if (s->any_key && before (rfi->last, s->key_frame)) {
    s->stats.ignored++;
    return;
  }
  /* nothing refers past a key frame */
  if (!s->invalidates || (s->any_key && !before (s->key_frame, rfi->first))) {
    want_keyframe (s);
    return;
  }
  if (!s->rfi_wanted || before (rfi->first, s->rfi_first))
    s->rfi_first = rfi->first;
  if (!s->rfi_wanted || before (s->rfi_last, rfi->last))
    s->rfi_last = rfi->last;
  s->rfi_wanted = true;
  if (s->rfi_last - s->rfi_first >= PF_HOST_RFI_FRAMES)
    want_keyframe (s);
}

static void
on_loss (PfHostSession *s, uint32_t ppm, uint64_t now)
{
  if (now < s->loss_ns) {
    s->stats.ignored++;
    return;
  }
  s->loss_ns = now + PF_HOST_LOSS_NS;
  tell (s, PF_HOST_LOSS)->loss_ppm = ppm < 1000000 ? ppm : 1000000;
}

static void
on_set_bitrate (PfHostSession *s, uint32_t kbps)
{
  const PfHostAbilities *limits = &s->config.limits;

  s->bitrate_kbps =
      pf_choose_bitrate (kbps, limits->default_kbps, limits->max_kbps);
  s->bitrate_wanted = true;
  answer (s, &(PfMsgControl){ .type = PF_MSG_BITRATE_CHANGED,
                 .bitrate.bitrate_kbps = s->bitrate_kbps });
}

static void
on_probe (PfHostSession *s, const PfMsgProbeRequest *wish, uint64_t now)
{
  PfMsgProbeRequest probe = *wish;

  if (probe.target_kbps > PF_PROBE_KBPS_MAX)
    probe.target_kbps = PF_PROBE_KBPS_MAX;
  if (probe.duration_ms > PF_PROBE_MS_MAX)
    probe.duration_ms = PF_PROBE_MS_MAX;
  /* the oldest count filler with video, those of 0.5 to 0.9 are not tested;
   * one that nobody answered is over by then: it takes no longer */
  if ((s->hello.later && !(s->hello.video_caps & PF_VIDEO_PROBE_INDEX)) ||
      now < s->probe_ns || probe.target_kbps == 0 || probe.duration_ms == 0) {
    answer_probe (s, &(PfMsgProbeResult){ 0 });
    return;
  }
  s->probing = true;
  s->probe_ns = now + PF_HOST_PROBE_NS;
  tell (s, PF_HOST_PROBE)->probe = probe;
}

static void
on_clock_probe (PfHostSession *s, PfInstant now)
{
  PfMsgControl echo = { .type = PF_MSG_CLOCK_ECHO };

  s->stats.clock_probes++;
  pf_clock_answer (&s->message.clock_probe, now, &echo.clock_echo);
  answer (s, &echo);
}

/* Messages that the session itself has no use for. */
static void
pass_on (PfHostSession *s)
{
  switch (s->message.type) {
  case PF_MSG_CLIP_CONTROL:
  case PF_MSG_CLIP_OFFER:
    if (!(s->grants & PF_GRANT_CLIPBOARD)) {
      s->stats.denied++;
      break;
    }
    tell (s, PF_HOST_MESSAGE)->message = &s->message;
    break;
  case PF_MSG_SHARD_PAYLOAD_ACK:
  case PF_MSG_DELIVERY_REPORT:
  case PF_MSG_LINK_REPORT:
  case PF_MSG_PHASE_REPORT:
  case PF_MSG_CURSOR_RENDER_MODE:
    tell (s, PF_HOST_MESSAGE)->message = &s->message;
    break;
  default:
    s->stats.ignored++;
    break;
  }
}

static void
on_running (PfHostSession *s, const PfMsgSpan *m, PfInstant now)
{
  const int ret = pf_msg_control_decode (m->data, m->size, &s->message);
  const uint64_t mono = now.mono_ns;

  if (ret == PF_ERR_UNSUPPORTED)
    s->stats.ignored++;
  else if (ret < 0)
    s->stats.malformed++;
  if (ret < 0)
    return;
  switch (s->message.type) {
  case PF_MSG_RECONFIGURE:
    on_reconfigure (s, &s->message.reconfigure, mono);
    break;
  case PF_MSG_REQUEST_KEYFRAME:
    on_request_keyframe (s, mono);
    break;
  case PF_MSG_RFI_REQUEST:
    on_rfi (s, &s->message.rfi_request);
    break;
  case PF_MSG_LOSS_REPORT:
    on_loss (s, s->message.loss_report.loss_ppm, mono);
    break;
  case PF_MSG_SET_BITRATE:
    on_set_bitrate (s, s->message.bitrate.bitrate_kbps);
    break;
  case PF_MSG_PROBE_REQUEST:
    on_probe (s, &s->message.probe_request, mono);
    break;
  case PF_MSG_CLOCK_PROBE:
    on_clock_probe (s, now);
    break;
  default:
    pass_on (s);
    break;
  }
}

/* ---- Messages before that ----------------------------------------------- */

static void
on_hello (PfHostSession *s, const PfMsgSpan *m, uint64_t now)
{
  const int ret = pf_msg_hello_decode (m->data, m->size, &s->hello);

  if (ret == PF_ERR_UNSUPPORTED) {
    close_with (s, PF_CLOSE_WIRE_VERSION, NULL);
    return;
  }
  if (ret < 0) {
    close_with (s, PF_CLOSE_ERROR, "the Hello is malformed");
    return;
  }
  s->state = OFFERED;
  s->limit_ns = now + PF_HOST_START_NS;
  tell (s, PF_HOST_OFFER)->hello = &s->hello;
}

static void
on_pairing (PfHostSession *s, const PfMsgSpan *m, uint64_t now)
{
  const int ret = pf_msg_control_decode (m->data, m->size, &s->message);

  if (ret < 0 ||
      (s->state == AWAIT_FIRST && s->message.type != PF_MSG_PAIR_REQUEST)) {
    close_with (s, PF_CLOSE_ERROR, "neither a session nor a pairing");
    return;
  }
  s->state = PAIRING;
  s->pair_parked = false;
  s->limit_ns = now + PF_HOST_PROOF_NS;
  tell (s, PF_HOST_PAIR)->message = &s->message;
}

static void
on_start (PfHostSession *s, const PfMsgSpan *m, uint64_t now)
{
  if (pf_msg_start_decode (m->data, m->size, s->start_extensions, &s->start) <
      0) {
    close_with (s, PF_CLOSE_ERROR, "the Start is malformed");
    return;
  }
  s->state = RUNNING;
  s->limit_ns = now + PF_HOST_START_NS; /* until there is a destination */
  pf_punch_start (&s->punch, s->start.client_udp_port, now);
  tell (s, PF_HOST_STARTED)->start = &s->start;
}

static void
on_message (PfHostSession *s, const PfMsgSpan *m, PfInstant now)
{
  s->stats.messages++;
  switch (s->state) {
  case AWAIT_FIRST:
    if (pf_msg_namespace (m->data, m->size) == PF_MSG_HANDSHAKE)
      on_hello (s, m, now.mono_ns);
    else
      on_pairing (s, m, now.mono_ns);
    break;
  case OFFERED:
  case PARKED:
    close_with (s, PF_CLOSE_ERROR, "a message came before the Welcome");
    break;
  case AWAIT_START:
    on_start (s, m, now.mono_ns);
    break;
  case RUNNING:
    on_running (s, m, now);
    break;
  case PAIRING:
    on_pairing (s, m, now.mono_ns);
    break;
  case PAIRED:
    close_with (s, PF_CLOSE_ERROR, "a message came after a pairing");
    break;
  case CLOSED:
    break;
  }
}

/* ---- In ----------------------------------------------------------------- */

static void
hear (PfHostSession *s, uint64_t now)
{
  s->heard_ns = now;
  s->back = s->silent;
}

static const char *
limit_text (State state)
{
  switch (state) {
  case AWAIT_FIRST:
    return "no first message in time";
  case OFFERED:
    return "no decision in time";
  case AWAIT_START:
    return "no Start in time";
  case RUNNING:
    return "no way to send video to the client";
  default:
    return NULL;
  }
}

static void
tick (PfHostSession *s, uint64_t now)
{
  if (s->state == CLOSED)
    return;
  pf_punch_tick (&s->punch, now);
  if (s->state == RUNNING && s->punch.valid)
    s->limit_ns = PF_NEVER;
  if (now < s->limit_ns)
    return;
  if (s->state == PARKED || (s->state == PAIRING && s->pair_parked))
    close_with (s, PF_CLOSE_APPROVAL_TIME, NULL);
  else if (s->state == PAIRED)
    close_with (s, PF_CLOSE_DONE, "pairing done");
  else if (s->state == OFFERED || s->state == RUNNING)
    close_with (s, PF_CLOSE_SETUP_FAILED, limit_text (s->state));
  else
    close_with (s, PF_CLOSE_ERROR, limit_text (s->state));
}

size_t
pf_host_session_stream (
    PfHostSession *session, const uint8_t *bytes, size_t size, PfInstant now)
{
  PfHostSession *s = session;
  size_t at = 0, used;
  PfMsgSpan m;

  tick (s, now.mono_ns);
  hear (s, now.mono_ns);
  while (at < size && !s->event_waits && s->state != CLOSED) {
    const int ret =
        pf_msg_reader_take (&s->reader, bytes + at, size - at, &used, &m);

    at += used;
    if (ret == 1)
      on_message (s, &m, now);
    if (ret < 0)
      s->stats.oversized++;
    if (ret < 0 && s->state != RUNNING)
      close_with (s, PF_CLOSE_ERROR, "a message is too long");
  }
  return s->state == CLOSED ? size : at;
}

void
pf_host_session_stream_end (PfHostSession *session)
{
  /* released clients do so after their last request, and stream on, or wait
   * for the result of a pairing */
  if (session->state != RUNNING && session->state != PAIRING &&
      session->state != PAIRED)
    close_with (session, PF_CLOSE_ERROR, "the control stream ended early");
}

/* The right that a datagram needs. */
static uint32_t
grant_of (const PfMsgDatagram *d)
{
  if (d->tag == PF_DGRAM_MIC)
    return PF_GRANT_MICROPHONE;
  if (d->tag == PF_DGRAM_INPUT)
    return pf_msg_input_grant (&d->input);
  return d->rich.kind == PF_RICH_PEN ? PF_GRANT_POINTER : PF_GRANT_GAMEPAD;
}

static bool
is_pad_known (const PfMsgRich *rich)
{
  /* the pad is the first field of all kinds but the pen */
  return rich->kind == PF_RICH_PEN || rich->touchpad.pad < PF_PADS_MAX;
}

static bool
datagram_check (const PfMsgDatagram *d)
{
  if (d->tag == PF_DGRAM_INPUT)
    return pf_msg_input_check (&d->input) == 0;
  return d->tag == PF_DGRAM_MIC || is_pad_known (&d->rich);
}

/* Each datagram costs a share of a second, of which some may be owed. */
static bool
may_take_datagram (PfHostSession *s, uint64_t now)
{
  const uint64_t cost = UINT64_C (1000000000) / PF_HOST_DATAGRAMS_PER_S;

  if (s->datagrams_ns < now)
    s->datagrams_ns = now;
  if (s->datagrams_ns - now >= PF_HOST_DATAGRAMS_AT_ONCE * cost)
    return false;
  s->datagrams_ns += cost;
  return true;
}

bool
pf_host_session_datagram (
    PfHostSession *session, const uint8_t *bytes, size_t size, PfInstant now)
{
  PfHostSession *s = session;
  PfMsgDatagram *d = &s->datagram;

  tick (s, now.mono_ns);
  hear (s, now.mono_ns);
  if (s->state != RUNNING || s->event_waits)
    return false;
  s->stats.datagrams++;
  if (!may_take_datagram (s, now.mono_ns)) {
    s->stats.throttled++;
    return false;
  }
  if (size == 0 || !pf_msg_datagram_from_client (bytes[0]) ||
      pf_msg_datagram_decode (bytes, size, d) < 0 || !datagram_check (d)) {
    s->stats.malformed++;
    return false;
  }
  if (!(s->grants & grant_of (d))) {
    s->stats.denied++;
    return false;
  }
  if (d->tag == PF_DGRAM_INPUT)
    tell (s, PF_HOST_INPUT)->input = d->input;
  else if (d->tag == PF_DGRAM_MIC)
    tell (s, PF_HOST_MIC)->mic = &d->audio;
  else
    tell (s, PF_HOST_RICH)->rich = &d->rich;
  return true;
}

void
pf_host_session_punch (PfHostSession *session, const PfPeerAddress *from,
    const uint8_t *bytes, size_t size, PfInstant now)
{
  if (session->state != AWAIT_START && session->state != RUNNING)
    return;
  if (pf_peer_address_same_ip (&session->punch.peer, from))
    hear (session, now.mono_ns);
  pf_punch_seen (&session->punch, from, bytes, size, now.mono_ns);
}

void
pf_host_session_peer_moved (
    PfHostSession *session, const PfPeerAddress *peer, PfInstant now)
{
  pf_punch_peer_moved (&session->punch, peer, now.mono_ns);
}

/* ---- Out ---------------------------------------------------------------- */

uint64_t
pf_host_session_wake (const PfHostSession *session)
{
  const PfHostSession *s = session;
  uint64_t wake = s->limit_ns;

  if (s->state != RUNNING)
    return wake;
  wake = pf_earlier (wake, pf_punch_wake (&s->punch));
  if (s->keyframe_wanted)
    wake = pf_earlier (wake, s->keyframe_ns);
  if (s->rfi_wanted)
    wake = pf_earlier (wake, s->rfi_ns);
  if (s->bitrate_wanted)
    wake = pf_earlier (wake, s->bitrate_ns);
  if (!s->silent)
    wake = pf_earlier (wake, s->heard_ns + PF_HOST_SILENT_NS);
  return wake;
}

/* Whether the client is there, if that changed. */
static bool
tell_silence (PfHostSession *s, uint64_t now)
{
  if (s->back) {
    s->silent = s->back = false;
    tell (s, PF_HOST_HEARD);
  } else if (!s->silent && now >= s->heard_ns + PF_HOST_SILENT_NS) {
    s->silent = true;
    s->stats.silences++;
    tell (s, PF_HOST_SILENT);
  }
  return s->event_waits;
}

/* Makes an event of a wish whose time has come. */
static bool
tell_wish (PfHostSession *s, uint64_t now)
{
  PfHostEvent *e;

  if (s->state != RUNNING)
    return false;
  if (tell_silence (s, now))
    return true;
  if (s->punch.changed) {
    s->punch.changed = false;
    tell (s, PF_HOST_DESTINATION)->destination = s->punch.destination;
  } else if (s->keyframe_wanted && now >= s->keyframe_ns) {
    s->keyframe_wanted = false;
    s->keyframe_ns = now + s->config.keyframe_gap_ns;
    s->stats.keyframes++;
    tell (s, PF_HOST_KEYFRAME);
  } else if (s->rfi_wanted && now >= s->rfi_ns) {
    s->rfi_wanted = false;
    s->rfi_ns = now + PF_HOST_RFI_NS;
    s->stats.rfis++;
    e = tell (s, PF_HOST_INVALIDATE);
    e->frames.first = s->rfi_first;
    e->frames.last = s->rfi_last;
  } else if (s->bitrate_wanted && now >= s->bitrate_ns) {
    s->bitrate_wanted = false;
    s->bitrate_ns = now + PF_HOST_BITRATE_NS;
    tell (s, PF_HOST_BITRATE)->bitrate_kbps = s->bitrate_kbps;
  }
  return s->event_waits;
}

bool
pf_host_session_event (
    PfHostSession *session, PfInstant now, PfHostEvent *event)
{
  tick (session, now.mono_ns);
  if (!session->event_waits && !tell_wish (session, now.mono_ns))
    return false;
  session->event_waits = false;
  *event = session->event;
  return true;
}

/* The host's time of sending is taken when it is sent. */
static void
stamp (uint8_t *frame, size_t size, uint64_t unix_ns)
{
  uint8_t *message = frame + PF_MSG_FRAME_HEADER;
  uint8_t *t2 = message + PF_MSG_CONTROL_HEADER + 8;

  if (pf_msg_namespace (message, size - PF_MSG_FRAME_HEADER) == PF_MSG_TYPED &&
      message[4] == PF_MSG_CLOCK_ECHO && unix_ns > pf_get_le64 (t2))
    pf_put_le64 (t2 + 8, unix_ns);
}

bool
pf_host_session_output (PfHostSession *session, PfInstant now, PfOutput *output)
{
  uint8_t *frame;
  size_t size;

  tick (session, now.mono_ns);
  if (!pf_msg_queue_take (&session->output, &frame, &size))
    return false;
  stamp (frame, size, now.unix_ns);
  *output = (PfOutput){ PF_OUTPUT_STREAM, { frame, size } };
  return true;
}

/* ---- Answers ------------------------------------------------------------ */

int
pf_host_session_accept (PfHostSession *session, const PfMsgWelcome *welcome,
    const PfMsgKeys *keys, PfInstant now)
{
  PfHostSession *s = session;
  uint8_t *bytes;
  size_t size;
  int ret;

  tick (s, now.mono_ns);
  if (s->state != OFFERED && s->state != PARKED)
    return PF_ERR_INVALID;
  if (welcome->extension.data && !(s->hello.client_caps & PF_CLIENT_EXTENSIONS))
    return PF_ERR_INVALID;
  bytes = pf_msg_queue_reserve (&s->output, PF_MSG_WELCOME_MAX);
  if (!bytes)
    return PF_ERR_RANGE;
  ret = pf_msg_welcome_encode (
      welcome, keys, s->hello.later, bytes, PF_MSG_WELCOME_MAX, &size);
  if (ret < 0) {
    pf_wipe (bytes, PF_MSG_WELCOME_MAX);
    return ret;
  }
  pf_msg_queue_commit (&s->output, size);
  if (s->state == PARKED)
    s->limit_ns = now.mono_ns + PF_HOST_START_NS;
  s->state = AWAIT_START;
  s->mode = welcome->mode;
  s->grants = welcome->grants;
  s->bitrate_kbps = welcome->bitrate_kbps;
  s->start_extensions =
      s->hello.later && (welcome->host_caps2 & PF_HOST2_EXTENSIONS);
  return 0;
}

int
pf_host_session_park (PfHostSession *session, PfInstant now)
{
  tick (session, now.mono_ns);
  if (session->state == PAIRING)
    session->pair_parked = true;
  else if (session->state == OFFERED)
    session->state = PARKED;
  else
    return PF_ERR_INVALID;
  session->limit_ns = now.mono_ns + session->config.approval_ns;
  return 0;
}

void
pf_host_session_close (
    PfHostSession *session, PfCloseCode code, const char *text)
{
  close_with (session, code, text);
}

void
pf_host_session_reconfigured (
    PfHostSession *session, bool accepted, PfInstant now)
{
  PfHostSession *s = session;

  if (s->state != RUNNING || !s->reconfiguring)
    return;
  s->reconfiguring = false;
  if (accepted) {
    s->mode = s->wished;
    s->reconfigure_ns = now.mono_ns + PF_HOST_RECONFIGURE_NS;
  }
  answer_reconfigured (s, accepted);
}

void
pf_host_session_keyframe_made (
    PfHostSession *session, uint32_t frame, PfInstant now)
{
  session->any_key = true;
  session->key_frame = frame;
  session->keyframe_wanted = session->rfi_wanted = false;
  session->keyframe_ns = now.mono_ns + session->config.keyframe_gap_ns;
}

void
pf_host_session_invalidated (PfHostSession *session, PfInstant now)
{
  session->echo_until_ns = now.mono_ns + PF_HOST_ECHO_NS;
}

void
pf_host_session_set_invalidates (PfHostSession *session, bool invalidates)
{
  session->invalidates = invalidates;
}

void
pf_host_session_set_bitrates (
    PfHostSession *session, uint32_t default_kbps, uint32_t max_kbps)
{
  session->config.limits.default_kbps = default_kbps;
  session->config.limits.max_kbps = max_kbps;
}

void
pf_host_session_probe_done (
    PfHostSession *session, const PfMsgProbeResult *result)
{
  if (session->state != RUNNING || !session->probing)
    return;
  session->probing = false;
  answer_probe (session, result);
}

void
pf_host_session_grant (
    PfHostSession *session, uint32_t grants, uint32_t remaining_s)
{
  session->grants = grants;
  if (session->state == RUNNING)
    answer (session, &(PfMsgControl){ .type = PF_MSG_ACCESS_UPDATE,
                         .access_update = { grants, remaining_s } });
}

int
pf_host_session_pair_send (
    PfHostSession *session, const PfMsgControl *control, PfInstant now)
{
  const bool last = control->type == PF_MSG_PAIR_RESULT;
  int ret;

  tick (session, now.mono_ns);
  if (session->state != PAIRING)
    return PF_ERR_INVALID;
  ret = pf_msg_queue_put (&session->output, control);
  if (ret < 0)
    return ret;
  session->pair_parked = false;
  if (last)
    session->state = PAIRED;
  session->limit_ns =
      now.mono_ns + (last ? PF_HOST_PAIRED_NS : PF_HOST_PROOF_NS);
  return 0;
}

int
pf_host_session_send (PfHostSession *session, const PfMsgControl *control)
{
  if (session->state != RUNNING)
    return PF_ERR_INVALID;
  return pf_msg_queue_put (&session->output, control);
}

/* ---- Reading ------------------------------------------------------------ */

const PfHostStats *
pf_host_session_stats (const PfHostSession *session)
{
  return &session->stats;
}

bool
pf_host_session_takes (const PfHostSession *session, unsigned tag)
{
  const PfMsgHello *hello = &session->hello;

  switch (tag) {
  case PF_DGRAM_HOST_TIMING:
    return hello->video_caps & PF_VIDEO_HOST_TIMING;
  case PF_DGRAM_AUDIO_RED:
    return hello->client_caps & PF_CLIENT_AUDIO_RED;
  case PF_DGRAM_AUDIO_PCM:
    return hello->client_caps & PF_CLIENT_AUDIO_PCM;
  case PF_DGRAM_PAD_AUDIO:
    return hello->client_caps & PF_CLIENT_PAD_AUDIO;
  case PF_DGRAM_CURSOR:
    return hello->client_caps & PF_CLIENT_CURSOR;
  default:
    return pf_msg_datagram_from_host (tag);
  }
}
