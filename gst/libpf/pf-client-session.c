/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The client's side of a session. What the host is to be asked for lies in a
 * few fields ("a key frame, not before") until its time has come.
 */
#include "pf-client-session.h"

#include <stdlib.h>
#include <string.h>

#include "pf-choice.h"
#include "pf-wipe.h"

enum { OUTPUT_SIZE = 8192 };

/* Where keys lie in a Welcome. */
enum { AES_AT = 29, AES_SALT_SIZE = 20, CHACHA_AT = 69, CHACHA_SIZE = 32 };

#define ANSWER_NS (5000 * PF_MS) /* a Reconfigure that is not answered */

typedef enum {
  AWAIT_WELCOME,
  WELCOMED, /* the caller is to start */
  RUNNING,
  CLOSED,
} State;

struct PfClientSession {
  PfClientConfig config;
  State state;
  uint64_t limit_ns; /* for the Welcome */
  PfMsgReader reader;
  PfMsgQueue output;
  PfClientStats stats;

  PfMsgWelcome welcome;
  PfMsgKeys keys;
  bool keys_told; /* they are to be wiped */

  bool event_waits;
  PfClientEvent event;
  PfMsgControl message; /* what the event points to */

  PfClock clock;

  unsigned n_punches;
  uint64_t punch_ns;

  uint64_t loss_ns; /* when to report even without a figure */
  uint64_t loss_sent_ns;
  uint32_t loss_ppm; /* not reported yet */

  bool recovering; /* frames were lost and nothing came of it yet */
  bool rfi_wanted;
  uint32_t rfi_first, rfi_last;
  uint64_t rfi_ns;      /* not before */
  uint64_t keyframe_ns; /* when to ask for one; PF_NEVER */
  uint64_t keyframe_sent_ns;
  bool keyframe_sent;

  bool reconfigure_wanted, reconfiguring;
  PfMsgMode wished;
  uint64_t reconfigure_ns; /* not before */
  uint64_t answer_ns;      /* or it will not be answered */

  bool probing;
  uint64_t probe_ns; /* or it will not be answered */

  uint8_t output_memory[OUTPUT_SIZE];
  uint8_t memory[PF_MSG_SIZE_MAX];
};

int
pf_client_session_new (
    const PfClientConfig *config, PfInstant now, PfClientSession **session)
{
  PfClientSession *s;
  uint8_t *bytes;
  size_t size;
  int ret;

  if (!config || !session)
    return PF_ERR_INVALID;
  s = calloc (1, sizeof *s);
  if (!s)
    return PF_ERR_NO_MEMORY;
  s->config = *config;
  if (s->config.welcome_ns == 0)
    s->config.welcome_ns = PF_CLIENT_WELCOME_NS;
  s->limit_ns = now.mono_ns + s->config.welcome_ns;
  s->keyframe_ns = PF_NEVER;
  pf_msg_reader_init (&s->reader, s->memory, sizeof s->memory);
  pf_msg_queue_init (&s->output, s->output_memory, sizeof s->output_memory);
  bytes = pf_msg_queue_reserve (&s->output, PF_MSG_HELLO_MAX);
  ret = pf_msg_hello_encode (&config->hello, bytes, PF_MSG_HELLO_MAX, &size);
  if (ret < 0) {
    free (s);
    return PF_ERR_INVALID;
  }
  pf_msg_queue_commit (&s->output, size);
  *session = s;
  return 0;
}

static void
wipe_keys (PfClientSession *s)
{
  pf_wipe (&s->keys, sizeof s->keys);
  s->keys_told = false;
}

void
pf_client_session_free (PfClientSession *session)
{
  if (!session)
    return;
  wipe_keys (session);
  pf_wipe (session->memory, sizeof session->memory);
  free (session);
}

/* ---- The Welcome -------------------------------------------------------- */

static bool
is_zero (const uint8_t *bytes, size_t size)
{
  uint8_t any = 0;

  for (size_t i = 0; i < size; i++)
    any |= bytes[i];
  return any == 0;
}

static const char *
check_packets (const PfMsgWelcome *w)
{
  if (w->udp_port == 0)
    return "the host named no port for video";
  if (w->fec_scheme > 1)
    return "the host uses an unknown error correction";
  if (w->shard_payload < 64 || w->shard_payload > PF_SHARD_MAX ||
      w->shard_payload % 2 != 0)
    return "the host's packets have an impossible size";
  if (w->max_data_per_block < 1 ||
      (w->fec_scheme == 0 && w->max_data_per_block > 255))
    return "the host's blocks have an impossible size";
  return NULL;
}

static const char *
check_keys (const PfMsgHello *hello, const PfMsgWelcome *w,
    const PfMsgKeys *keys, bool allow_plain)
{
  const bool chacha = w->cipher == PF_CIPHER_CHACHA20_POLY1305;

  if (!w->encrypt)
    return allow_plain ? NULL : "the host does not encrypt";
  if (chacha && !(hello->video_caps & PF_VIDEO_CHACHA20))
    return "the host chose a cipher that was not offered";
  if (chacha ? is_zero (keys->chacha, sizeof keys->chacha)
             : is_zero (keys->aes, sizeof keys->aes))
    return "the host's key is no key";
  return NULL;
}

static const char *
check_media (const PfMsgHello *hello, const PfMsgWelcome *w)
{
  const uint8_t codecs =
      hello->video_codecs ? hello->video_codecs : PF_CODEC_HEVC;

  if (w->mode.width < 1 || w->mode.height < 1 || w->mode.refresh_hz < 1 ||
      w->mode.width > 16384 || w->mode.height > 16384 ||
      w->mode.refresh_hz > 1000)
    return "the host's mode is impossible";
  if (!(codecs & w->codec))
    return "the host chose a codec that was not offered";
  if (w->bit_depth != 8 &&
      !(w->bit_depth == 10 && (hello->video_caps & PF_VIDEO_10_BIT)))
    return "the host chose a bit depth that was not offered";
  if (w->chroma == 3 && !(hello->video_caps & PF_VIDEO_444))
    return "the host chose a chroma format that was not offered";
  if (w->audio_codec != PF_AUDIO_OPUS &&
      !(w->audio_codec == PF_AUDIO_PCM &&
          (hello->client_caps & PF_CLIENT_AUDIO_PCM)))
    return "the host chose an audio format that was not offered";
  return NULL;
}

const char *
pf_client_welcome_check (const PfMsgHello *hello, const PfMsgWelcome *welcome,
    const PfMsgKeys *keys, bool allow_plain)
{
  const char *wrong = check_packets (welcome);

  if (!wrong)
    wrong = check_keys (hello, welcome, keys, allow_plain);
  if (!wrong)
    wrong = check_media (hello, welcome);
  return wrong;
}

/* ---- Events ------------------------------------------------------------- */

/* Call with no event waiting. */
static PfClientEvent *
tell (PfClientSession *s, PfClientEventType type)
{
  s->event_waits = true;
  s->event = (PfClientEvent){ .type = type };
  return &s->event;
}

static void
close_with (PfClientSession *s, PfCloseCode code, const char *text)
{
  if (s->state == CLOSED)
    return;
  s->state = CLOSED;
  s->limit_ns = PF_NEVER;
  wipe_keys (s);
  pf_msg_queue_clear (&s->output);
  tell (s, PF_CLIENT_CLOSE);
  s->event.close.code = code;
  s->event.close.text = text ? text : pf_close_text (code);
}

/* ---- Messages ----------------------------------------------------------- */

static void
on_welcome (PfClientSession *s, const PfMsgSpan *m)
{
  const PfMsgHello *hello = &s->config.hello;
  const char *wrong;
  int ret = pf_msg_welcome_decode (m->data, m->size,
      hello->client_caps & PF_CLIENT_EXTENSIONS, &s->welcome, &s->keys);

  pf_wipe (s->memory + AES_AT, AES_SALT_SIZE);
  pf_wipe (s->memory + CHACHA_AT, CHACHA_SIZE);
  if (ret < 0) {
    close_with (s, PF_CLOSE_ERROR,
        ret == PF_ERR_UNSUPPORTED ? "the host speaks another version"
                                  : "the host's answer is malformed");
    return;
  }
  wrong = pf_client_welcome_check (
      hello, &s->welcome, &s->keys, s->config.allow_plain);
  if (wrong) {
    close_with (s, PF_CLOSE_ERROR, wrong);
    return;
  }
  s->state = WELCOMED;
  s->limit_ns = PF_NEVER;
  tell (s, PF_CLIENT_WELCOME);
  s->event.welcome = &s->welcome;
  s->event.keys = &s->keys;
}

static void
on_typed (PfClientSession *s, PfInstant now)
{
  switch (s->message.type) {
  case PF_MSG_CLOCK_ECHO:
    pf_clock_echo (&s->clock, &s->message.clock_echo, now);
    break;
  case PF_MSG_RECONFIGURED:
    s->reconfiguring = false;
    /* hosts want a while from when they have changed, which can take long */
    if (s->message.reconfigured.accepted)
      s->reconfigure_ns = now.mono_ns + PF_CLIENT_RECONFIGURE_NS;
    tell (s, PF_CLIENT_RECONFIGURED)->reconfigured = s->message.reconfigured;
    break;
  case PF_MSG_BITRATE_CHANGED:
    tell (s, PF_CLIENT_BITRATE)->bitrate_kbps = s->message.bitrate.bitrate_kbps;
    break;
  case PF_MSG_PROBE_RESULT:
    if (!s->probing)
      break;
    s->probing = false;
    s->loss_ns = now.mono_ns + PF_CLIENT_LOSS_NS;
    tell (s, PF_CLIENT_PROBE_RESULT)->probe = s->message.probe_result;
    break;
  case PF_MSG_SHARD_PAYLOAD_CHANGED:
  case PF_MSG_PIPELINE_GAP:
  case PF_MSG_CLIP_STATE:
  case PF_MSG_CLIP_OFFER:
  case PF_MSG_CURSOR_SHAPE:
  case PF_MSG_ACCESS_UPDATE:
  case PF_MSG_AUDIO_STATE:
  case PF_MSG_LAUNCH_OUTCOME:
  case PF_MSG_PAD_SLOTS:
    tell (s, PF_CLIENT_MESSAGE)->message = &s->message;
    break;
  default:
    s->stats.ignored++;
    break;
  }
}

static void
on_message (PfClientSession *s, const PfMsgSpan *m, PfInstant now)
{
  int ret;

  s->stats.messages++;
  if (s->state == AWAIT_WELCOME) {
    on_welcome (s, m);
    return;
  }
  ret = pf_msg_control_decode (m->data, m->size, &s->message);
  if (ret == PF_ERR_UNSUPPORTED)
    s->stats.ignored++;
  else if (ret < 0)
    s->stats.malformed++;
  else
    on_typed (s, now);
}

/* ---- Wishes, when their time has come ----------------------------------- */

static bool
put (PfClientSession *s, const PfMsgControl *control)
{
  const bool good = pf_msg_queue_put (&s->output, control) == 0;

  s->stats.unsent += !good;
  return good;
}

static void
send_clock (PfClientSession *s, PfInstant now)
{
  PfMsgControl c = { .type = PF_MSG_CLOCK_PROBE };

  if (pf_clock_probe (&s->clock, now, &c.clock_probe))
    put (s, &c);
}

static void
send_loss (PfClientSession *s, uint64_t now, uint64_t next)
{
  if (put (s, &(PfMsgControl){ .type = PF_MSG_LOSS_REPORT,
                  .loss_report.loss_ppm = s->loss_ppm }))
    s->stats.loss_reports++;
  s->loss_ppm = 0;
  s->loss_sent_ns = now;
  s->loss_ns = now + next;
}

static void
send_rfi (PfClientSession *s, uint64_t now)
{
  if (put (s, &(PfMsgControl){ .type = PF_MSG_RFI_REQUEST,
                  .rfi_request = { s->rfi_first, s->rfi_last } }))
    s->stats.rfi_requests++;
  s->rfi_wanted = false;
  s->rfi_ns = now + PF_CLIENT_RFI_NS;
}

static void
send_keyframe (PfClientSession *s, uint64_t now)
{
  if (put (s, &(PfMsgControl){ .type = PF_MSG_REQUEST_KEYFRAME }))
    s->stats.keyframe_requests++;
  s->keyframe_sent = true;
  s->keyframe_sent_ns = now;
  s->keyframe_ns = s->recovering ? now + PF_CLIENT_REPEAT_NS : PF_NEVER;
  /* losses are told all the same: the host may take this for an echo, and then
   * it has to know of each */
}

static void
send_reconfigure (PfClientSession *s, uint64_t now)
{
  put (s,
      &(PfMsgControl){ .type = PF_MSG_RECONFIGURE, .reconfigure = s->wished });
  s->reconfigure_wanted = false;
  s->reconfiguring = true;
  s->reconfigure_ns = now + PF_CLIENT_RECONFIGURE_NS;
  s->answer_ns = now + ANSWER_NS;
}

static void
tick (PfClientSession *s, PfInstant instant)
{
  const uint64_t now = instant.mono_ns;

  if (s->keys_told)
    wipe_keys (s);
  if (now >= s->limit_ns)
    close_with (s, PF_CLOSE_DONE, "the host did not answer in time");
  if (s->state != RUNNING)
    return;
  send_clock (s, instant);
  if (now >= s->loss_ns && !s->probing)
    send_loss (s, now, PF_CLIENT_LOSS_NS);
  if (s->rfi_wanted && now >= s->rfi_ns)
    send_rfi (s, now);
  if (now >= s->keyframe_ns)
    send_keyframe (s, now);
  if (s->reconfiguring && now >= s->answer_ns)
    s->reconfiguring = false;
  if (s->reconfigure_wanted && !s->reconfiguring && now >= s->reconfigure_ns)
    send_reconfigure (s, now);
  if (s->probing && now >= s->probe_ns && !s->event_waits) {
    s->probing = false;
    s->loss_ns = now + PF_CLIENT_LOSS_NS;
    tell (s, PF_CLIENT_PROBE_RESULT);
  }
}

/* ---- In and out --------------------------------------------------------- */

size_t
pf_client_session_stream (
    PfClientSession *session, const uint8_t *bytes, size_t size, PfInstant now)
{
  PfClientSession *s = session;
  size_t at = 0, used;
  PfMsgSpan m;

  tick (s, now);
  while (at < size && !s->event_waits && s->state != CLOSED) {
    const int ret =
        pf_msg_reader_take (&s->reader, bytes + at, size - at, &used, &m);

    at += used;
    if (ret == 1)
      on_message (s, &m, now);
    if (ret < 0)
      s->stats.oversized++;
  }
  return s->state == CLOSED ? size : at;
}

uint64_t
pf_client_session_wake (const PfClientSession *session)
{
  const PfClientSession *s = session;
  uint64_t wake = s->limit_ns;

  if (s->state != RUNNING)
    return wake;
  wake = pf_earlier (wake, pf_clock_wake (&s->clock));
  wake = pf_earlier (wake, s->punch_ns);
  wake = pf_earlier (wake, s->keyframe_ns);
  if (!s->probing)
    wake = pf_earlier (wake, s->loss_ns);
  if (s->rfi_wanted)
    wake = pf_earlier (wake, s->rfi_ns);
  if (s->reconfiguring)
    wake = pf_earlier (wake, s->answer_ns);
  else if (s->reconfigure_wanted)
    wake = pf_earlier (wake, s->reconfigure_ns);
  if (s->probing)
    wake = pf_earlier (wake, s->probe_ns);
  return wake;
}

bool
pf_client_session_event (
    PfClientSession *session, PfInstant now, PfClientEvent *event)
{
  PfClientSession *s = session;

  tick (s, now);
  if (!s->event_waits && s->clock.changed && s->state == RUNNING) {
    s->clock.changed = false;
    tell (s, PF_CLIENT_CLOCK)->clock = s->clock.estimate;
  }
  if (!s->event_waits)
    return false;
  s->event_waits = false;
  s->keys_told = s->event.type == PF_CLIENT_WELCOME;
  *event = s->event;
  return true;
}

static bool
punch (PfClientSession *s, uint64_t now, PfOutput *output)
{
  if (s->state != RUNNING || now < s->punch_ns)
    return false;
  s->punch_ns = now + (++s->n_punches < PF_PUNCH_FAST_N ? PF_PUNCH_FAST_NS
                                                        : PF_PUNCH_SLOW_NS);
  s->stats.punches++;
  *output = (PfOutput){ PF_OUTPUT_PUNCH, { pf_punch_bytes, PF_PUNCH_SIZE } };
  return true;
}

bool
pf_client_session_output (
    PfClientSession *session, PfInstant now, PfOutput *output)
{
  uint8_t *frame;
  size_t size;

  tick (session, now);
  if (!pf_msg_queue_take (&session->output, &frame, &size))
    return punch (session, now.mono_ns, output);
  *output = (PfOutput){ PF_OUTPUT_STREAM, { frame, size } };
  return true;
}

/* ---- Wishes ------------------------------------------------------------- */

int
pf_client_session_start (
    PfClientSession *session, uint16_t udp_port, PfInstant now)
{
  PfClientSession *s = session;
  const PfMsgStart start = { .client_udp_port = udp_port };
  uint8_t *bytes;
  size_t size;

  if (s->state != WELCOMED)
    return PF_ERR_INVALID;
  wipe_keys (s);
  bytes = pf_msg_queue_reserve (&s->output, PF_MSG_START_MAX);
  if (!bytes)
    return PF_ERR_INVALID; /* cannot be: nothing was sent but the Hello */
  pf_msg_start_encode (&start, bytes, PF_MSG_START_MAX, &size);
  pf_msg_queue_commit (&s->output, size);
  s->state = RUNNING;
  pf_clock_init (&s->clock, now);
  s->punch_ns = now.mono_ns;
  s->loss_ns = now.mono_ns + PF_CLIENT_LOSS_NS;
  s->loss_sent_ns = now.mono_ns;
  return 0;
}

static void
ask_keyframe (PfClientSession *s, uint64_t when)
{
  if (s->keyframe_sent && when < s->keyframe_sent_ns + PF_CLIENT_KEYFRAME_NS)
    when = s->keyframe_sent_ns + PF_CLIENT_KEYFRAME_NS;
  s->keyframe_ns = pf_earlier (s->keyframe_ns, when);
}

/* a before b, of numbers that wrap */
static bool
before (uint32_t a, uint32_t b)
{
  return (int32_t) (a - b) < 0;
}

void
pf_client_session_lost (
    PfClientSession *session, uint32_t first, uint32_t last, PfInstant now)
{
  PfClientSession *s = session;

  if (s->state != RUNNING)
    return;
  s->recovering = true;
  if (!s->rfi_wanted || before (first, s->rfi_first))
    s->rfi_first = first;
  if (!s->rfi_wanted || before (s->rfi_last, last))
    s->rfi_last = last;
  /* hosts of before 0.10 do not know the other wish */
  if (!s->welcome.later || s->rfi_last - s->rfi_first >= PF_CLIENT_RFI_FRAMES) {
    s->rfi_wanted = false;
    ask_keyframe (s, now.mono_ns);
  } else {
    s->rfi_wanted = true;
    ask_keyframe (s, now.mono_ns + PF_CLIENT_ESCALATE_NS);
  }
}

void
pf_client_session_recovered (PfClientSession *session)
{
  session->recovering = session->rfi_wanted = false;
  session->keyframe_ns = PF_NEVER;
}

void
pf_client_session_request_keyframe (PfClientSession *session, PfInstant now)
{
  if (session->state == RUNNING)
    ask_keyframe (session, now.mono_ns);
}

void
pf_client_session_loss (
    PfClientSession *session, uint32_t loss_ppm, PfInstant now)
{
  PfClientSession *s = session;

  if (s->state != RUNNING || s->probing)
    return;
  if (loss_ppm > s->loss_ppm)
    s->loss_ppm = loss_ppm < 1000000 ? loss_ppm : 1000000;
  /* who reports has a rhythm of its own: no figure between two of them */
  if (now.mono_ns - s->loss_sent_ns >= PF_CLIENT_LOSS_NS / 2)
    send_loss (s, now.mono_ns, PF_CLIENT_LOSS_NS * 3 / 2);
}

void
pf_client_session_reconfigure (PfClientSession *session, const PfMsgMode *mode)
{
  if (session->state != RUNNING)
    return;
  session->wished = *mode;
  session->reconfigure_wanted = true;
}

void
pf_client_session_set_bitrate (PfClientSession *session, uint32_t bitrate_kbps)
{
  if (session->state == RUNNING)
    put (session, &(PfMsgControl){ .type = PF_MSG_SET_BITRATE,
                      .bitrate.bitrate_kbps = bitrate_kbps });
}

int
pf_client_session_probe (PfClientSession *session, uint32_t target_kbps,
    uint32_t duration_ms, PfInstant now)
{
  PfClientSession *s = session;

  if (s->state != RUNNING || s->probing || duration_ms > PF_PROBE_MS_MAX)
    return PF_ERR_INVALID;
  if (!put (s, &(PfMsgControl){ .type = PF_MSG_PROBE_REQUEST,
                   .probe_request = { target_kbps, duration_ms } }))
    return PF_ERR_INVALID;
  s->probing = true;
  s->probe_ns = now.mono_ns + duration_ms * PF_MS + PF_CLIENT_PROBE_NS;
  return 0;
}

int
pf_client_session_send (PfClientSession *session, const PfMsgControl *control)
{
  if (session->state != RUNNING)
    return PF_ERR_INVALID;
  return pf_msg_queue_put (&session->output, control);
}

void
pf_client_session_close (PfClientSession *session, bool quit)
{
  close_with (session, quit ? PF_CLOSE_QUIT : PF_CLOSE_DONE, NULL);
}

/* ---- Reading ------------------------------------------------------------ */

const PfClientStats *
pf_client_session_stats (const PfClientSession *session)
{
  return &session->stats;
}

uint64_t
pf_client_session_host_time (const PfClientSession *session, uint64_t unix_ns)
{
  return session->clock.valid
             ? unix_ns + (uint64_t) session->clock.estimate.offset_ns
             : unix_ns;
}
