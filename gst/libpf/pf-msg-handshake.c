/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Hello, Welcome and Start.
 */
#include "pf-msg-handshake.h"

#include <string.h>

#include "pf-bytes.h"
#include "pf-msg-fields.h"
#include "pf-wipe.h"

#define N(array) (sizeof (array) / sizeof *(array))

static const uint8_t magic[4] = { 'P', 'K', 'F', '1' };

/* What Hello and Welcome begin with. Errors: as their decoders. */
static int
check_head (const uint8_t *bytes, size_t size, size_t least)
{
  if (size < 8 || memcmp (bytes, magic, sizeof magic) != 0)
    return PF_ERR_INVALID;
  if (pf_get_le32 (bytes + 4) != PF_MSG_WIRE_VERSION)
    return PF_ERR_UNSUPPORTED;
  return size >= least ? 0 : PF_ERR_INVALID;
}

/* ---- Extension blocks --------------------------------------------------- */

/* The block at the end of a message, if it is to have one. */
static int
ext_get (const uint8_t *bytes, size_t size, PfMsgSpan *entries)
{
  PfMsgSpan found;
  int ret;

  *entries = (PfMsgSpan){ NULL, 0 };
  if (size == 0)
    return 0;
  if (size < 2 || size - 2 < pf_get_le16 (bytes))
    return PF_ERR_INVALID;
  found = (PfMsgSpan){ bytes + 2, pf_get_le16 (bytes) };
  ret = pf_msg_ext_check (&found);
  if (ret == 0)
    *entries = found;
  return ret;
}

static int
ext_put (const PfMsgSpan *entries, uint8_t *bytes, size_t room, size_t *size)
{
  *size = 0;
  if (!entries->data)
    return 0;
  if (pf_msg_ext_check (entries) < 0)
    return PF_ERR_INVALID;
  if (room < 2 || room - 2 < entries->size)
    return PF_ERR_RANGE;
  pf_put_le16 (bytes, (uint16_t) entries->size);
  memcpy (bytes + 2, entries->data, entries->size);
  *size = 2 + entries->size;
  return 0;
}

/* ---- Hello -------------------------------------------------------------- */

static const PfMsgField hello_head[] = {
  PF_NUMBER (PfMsgHello, wire_version),
  PF_NUMBER (PfMsgHello, mode.width),
  PF_NUMBER (PfMsgHello, mode.height),
  PF_NUMBER (PfMsgHello, mode.refresh_hz),
};

static const PfMsgField hello_tail[] = {
  PF_NUMBER (PfMsgHello, compositor), /* always sent */
  PF_NUMBER (PfMsgHello, gamepad),
  PF_NUMBER (PfMsgHello, bitrate_kbps),
  PF_TEXT (PfMsgHello, name), /* with everything: v0.3.0 ends below */
  PF_TEXT (PfMsgHello, launch),
  PF_NUMBER (PfMsgHello, video_caps),
  PF_NUMBER_OR (PfMsgHello, audio_channels, 2),
  PF_NUMBER (PfMsgHello, video_codecs), /* later versions */
  PF_NUMBER (PfMsgHello, preferred_codec),
  PF_HDR (PfMsgHello, display_hdr, has_display_hdr),
  PF_NUMBER (PfMsgHello, client_caps),
  PF_NUMBER (PfMsgHello, max_shard_payload),
  PF_NUMBER_OR (PfMsgHello, audio_rate_hz, 48000),
  PF_NUMBER_OR (PfMsgHello, audio_bits, 16),
  PF_NUMBER (PfMsgHello, audio_layout),
  PF_NUMBER (PfMsgHello, video_fit),
};

enum { HELLO_LEAST = 20, HELLO_ALWAYS = 3, HELLO_EARLY = 7 };

void
pf_msg_hello_init (PfMsgHello *hello)
{
  *hello = (PfMsgHello){ .wire_version = PF_MSG_WIRE_VERSION };
  pf_msg_tail_absent (hello_tail, N (hello_tail), hello);
}

int
pf_msg_hello_encode (
    const PfMsgHello *hello, uint8_t *bytes, size_t room, size_t *size)
{
  size_t n = pf_msg_tail_needed (hello_tail, N (hello_tail), hello);
  size_t tail;
  int ret;

  if (room < HELLO_LEAST)
    return PF_ERR_RANGE;
  memcpy (bytes, magic, sizeof magic);
  pf_msg_fields_put (hello_head, N (hello_head), hello, bytes + sizeof magic);
  ret = pf_msg_tail_put (hello_tail, n < HELLO_ALWAYS ? HELLO_ALWAYS : n, hello,
      bytes + HELLO_LEAST, room - HELLO_LEAST, &tail);
  if (ret == 0)
    *size = HELLO_LEAST + tail;
  return ret;
}

static uint8_t
channels (uint8_t n)
{
  return n == 6 || n == 8 ? n : 2;
}

static uint32_t
audio_rate (uint32_t hz)
{
  return hz > 0 ? hz : 48000;
}

static uint8_t
audio_bits (uint8_t bits)
{
  return bits == 24 ? 24 : 16;
}

int
pf_msg_hello_decode (const uint8_t *bytes, size_t size, PfMsgHello *hello)
{
  PfMsgHello h;
  size_t used;
  int ret = check_head (bytes, size, HELLO_LEAST);

  if (ret < 0)
    return ret;
  memset (&h, 0, sizeof h);
  pf_msg_fields_get (hello_head, N (hello_head), bytes + sizeof magic, &h);
  h.later = pf_msg_tail_get (hello_tail, N (hello_tail), bytes + HELLO_LEAST,
                size - HELLO_LEAST, &h, &used) > HELLO_EARLY;
  if (h.compositor >= PF_N_COMPOSITORS)
    h.compositor = PF_COMPOSITOR_AUTO;
  if (h.gamepad >= PF_N_GAMEPADS)
    h.gamepad = PF_GAMEPAD_AUTO;
  h.audio_channels = channels (h.audio_channels);
  h.audio_rate_hz = audio_rate (h.audio_rate_hz);
  h.audio_bits = audio_bits (h.audio_bits);
  *hello = h;
  return 0;
}

/* ---- Welcome ------------------------------------------------------------ */

static const PfMsgField welcome_head[] = {
  PF_NUMBER (PfMsgWelcome, wire_version),
  PF_NUMBER (PfMsgWelcome, udp_port),
  PF_NUMBER (PfMsgWelcome, mode.width),
  PF_NUMBER (PfMsgWelcome, mode.height),
  PF_NUMBER (PfMsgWelcome, mode.refresh_hz),
  PF_NUMBER (PfMsgWelcome, fec_scheme),
  PF_NUMBER (PfMsgWelcome, fec_percent),
  PF_NUMBER (PfMsgWelcome, max_data_per_block),
  PF_NUMBER (PfMsgWelcome, shard_payload),
  PF_NUMBER (PfMsgWelcome, encrypt),
};

static const PfMsgField welcome_keys[] = {
  PF_BYTES (PfMsgKeys, aes),
  PF_BYTES (PfMsgKeys, salt),
};

static const PfMsgField welcome_frames[] = {
  PF_NUMBER (PfMsgWelcome, frames),
};

static const PfMsgField welcome_tail[] = {
  PF_NUMBER (PfMsgWelcome, compositor),
  PF_NUMBER (PfMsgWelcome, gamepad),
  PF_NUMBER (PfMsgWelcome, bitrate_kbps),
  PF_NUMBER_OR (PfMsgWelcome, bit_depth, 8),
  PF_NUMBER_OR (PfMsgWelcome, color.primaries, 1),
  PF_NUMBER_OR (PfMsgWelcome, color.transfer, 1),
  PF_NUMBER_OR (PfMsgWelcome, color.matrix, 1),
  PF_NUMBER (PfMsgWelcome, color.full_range),
  PF_NUMBER_OR (PfMsgWelcome, chroma, 1),
  PF_NUMBER_OR (PfMsgWelcome, audio_channels, 2), /* v0.3.0 ends here */
  PF_NUMBER_OR (PfMsgWelcome, codec, PF_CODEC_HEVC),
  PF_NUMBER (PfMsgWelcome, host_caps),
};

/* Behind the cipher and its key. */
static const PfMsgField welcome_more[] = {
  PF_NUMBER (PfMsgWelcome, mgmt_port),
  PF_NUMBER_OR (PfMsgWelcome, grants, PF_GRANT_ALL),
  PF_NUMBER (PfMsgWelcome, expires_in_s),
  PF_NUMBER (PfMsgWelcome, audio_codec),
  PF_NUMBER_OR (PfMsgWelcome, audio_rate_hz, 48000),
  PF_NUMBER_OR (PfMsgWelcome, audio_bits, 16),
  PF_NUMBER (PfMsgWelcome, audio_frame_us),
  PF_NUMBER (PfMsgWelcome, host_caps2),
  PF_NUMBER (PfMsgWelcome, audio_layout),
};

enum {
  WELCOME_KEYS = 29,
  WELCOME_FRAMES = 49,
  WELCOME_LEAST = 53,
  WELCOME_EARLY = 10, /* fields of the tail that v0.3.0 has */
};

void
pf_msg_welcome_init (PfMsgWelcome *welcome)
{
  *welcome = (PfMsgWelcome){
    .wire_version = PF_MSG_WIRE_VERSION,
    .fec_scheme = 1,
    .fec_percent = 10,
    .max_data_per_block = 4096,
    .shard_payload = 1408,
    .encrypt = 1,
  };
  pf_msg_tail_absent (welcome_tail, N (welcome_tail), welcome);
  pf_msg_tail_absent (welcome_more, N (welcome_more), welcome);
}

/* Can these bytes say it? */
static bool
welcome_fits (const PfMsgWelcome *w, bool later)
{
  if (w->cipher > PF_CIPHER_CHACHA20_POLY1305)
    return false;
  return later || (w->cipher == 0 && w->codec == PF_CODEC_HEVC &&
                      w->audio_codec == PF_AUDIO_OPUS);
}

/* The cipher and all behind it, which goes as far as the last value that is
 * not the one of a field left out. */
static int
welcome_put_more (const PfMsgWelcome *w, const PfMsgKeys *keys, uint8_t *bytes,
    size_t room, size_t *size)
{
  size_t n = pf_msg_tail_needed (welcome_more, N (welcome_more), w);
  size_t at = 0, part;
  int ret;

  *size = 0;
  if (w->extension.data)
    n = N (welcome_more);
  if (n == 0 && w->cipher == 0)
    return 0;
  if (room < 1 + sizeof keys->chacha)
    return PF_ERR_RANGE;
  bytes[at++] = w->cipher;
  if (w->cipher == PF_CIPHER_CHACHA20_POLY1305) {
    memcpy (bytes + at, keys->chacha, sizeof keys->chacha);
    at += sizeof keys->chacha;
  }
  ret = pf_msg_tail_put (welcome_more, n, w, bytes + at, room - at, &part);
  if (ret < 0)
    return ret;
  at += part;
  ret = ext_put (&w->extension, bytes + at, room - at, &part);
  if (ret == 0)
    *size = at + part;
  return ret;
}

int
pf_msg_welcome_encode (const PfMsgWelcome *welcome, const PfMsgKeys *keys,
    bool later, uint8_t *bytes, size_t room, size_t *size)
{
  size_t at = WELCOME_LEAST, part;
  int ret;

  if (!welcome_fits (welcome, later))
    return PF_ERR_INVALID;
  if (room < WELCOME_LEAST)
    return PF_ERR_RANGE;
  memcpy (bytes, magic, sizeof magic);
  pf_msg_fields_put (welcome_head, N (welcome_head), welcome, bytes + 4);
  pf_msg_fields_put (
      welcome_keys, N (welcome_keys), keys, bytes + WELCOME_KEYS);
  pf_msg_fields_put (welcome_frames, 1, welcome, bytes + WELCOME_FRAMES);
  ret = pf_msg_tail_put (welcome_tail, later ? N (welcome_tail) : WELCOME_EARLY,
      welcome, bytes + at, room - at, &part);
  if (ret < 0)
    return ret;
  at += part;
  if (later) {
    ret = welcome_put_more (welcome, keys, bytes + at, room - at, &part);
    if (ret < 0)
      return ret;
    at += part;
  }
  *size = at;
  return 0;
}

/* The cipher and all behind it. */
static int
welcome_get_more (const uint8_t *bytes, size_t size, bool extensions,
    PfMsgWelcome *w, PfMsgKeys *keys)
{
  size_t at = 0, used;
  size_t n;

  if (size > 0)
    w->cipher = bytes[at++];
  if (w->cipher > PF_CIPHER_CHACHA20_POLY1305)
    return PF_ERR_INVALID;
  if (w->cipher == PF_CIPHER_CHACHA20_POLY1305) {
    if (size - at < sizeof keys->chacha)
      return PF_ERR_INVALID;
    memcpy (keys->chacha, bytes + at, sizeof keys->chacha);
    at += sizeof keys->chacha;
  }
  n = pf_msg_tail_get (
      welcome_more, N (welcome_more), bytes + at, size - at, w, &used);
  at += used;
  if (!extensions || n < N (welcome_more))
    return 0;
  return ext_get (bytes + at, size - at, &w->extension);
}

static void
welcome_mend (PfMsgWelcome *w)
{
  if (w->chroma != 3)
    w->chroma = 1;
  if (w->codec != PF_CODEC_H264 && w->codec != PF_CODEC_AV1 &&
      w->codec != PF_CODEC_PYROWAVE)
    w->codec = PF_CODEC_HEVC;
  w->audio_channels = channels (w->audio_channels);
  w->audio_rate_hz = audio_rate (w->audio_rate_hz);
  w->audio_bits = audio_bits (w->audio_bits);
}

int
pf_msg_welcome_decode (const uint8_t *bytes, size_t size, bool extensions,
    PfMsgWelcome *welcome, PfMsgKeys *keys)
{
  PfMsgWelcome w;
  PfMsgKeys k = { 0 };
  size_t n, used;
  int ret = check_head (bytes, size, WELCOME_LEAST);

  if (ret < 0)
    return ret;
  memset (&w, 0, sizeof w);
  pf_msg_fields_get (welcome_head, N (welcome_head), bytes + 4, &w);
  pf_msg_fields_get (welcome_keys, N (welcome_keys), bytes + WELCOME_KEYS, &k);
  pf_msg_fields_get (welcome_frames, 1, bytes + WELCOME_FRAMES, &w);
  n = pf_msg_tail_get (welcome_tail, N (welcome_tail), bytes + WELCOME_LEAST,
      size - WELCOME_LEAST, &w, &used);
  used += WELCOME_LEAST;
  if (n < N (welcome_tail))
    used = size;
  w.later = n > WELCOME_EARLY;
  ret = welcome_get_more (bytes + used, size - used, extensions, &w, &k);
  if (ret == 0) {
    welcome_mend (&w);
    *welcome = w;
    *keys = k;
  }
  pf_wipe (&k, sizeof k);
  return ret;
}

/* ---- Start -------------------------------------------------------------- */

enum { START_LEAST = 6 };

int
pf_msg_start_encode (
    const PfMsgStart *start, uint8_t *bytes, size_t room, size_t *size)
{
  size_t ext;
  int ret;

  if (room < START_LEAST)
    return PF_ERR_RANGE;
  memcpy (bytes, magic, sizeof magic);
  pf_put_le16 (bytes + 4, start->client_udp_port);
  ret = ext_put (
      &start->extension, bytes + START_LEAST, room - START_LEAST, &ext);
  if (ret == 0)
    *size = START_LEAST + ext;
  return ret;
}

int
pf_msg_start_decode (
    const uint8_t *bytes, size_t size, bool extensions, PfMsgStart *start)
{
  PfMsgStart s = { 0 };
  int ret = 0;

  if (size < START_LEAST || memcmp (bytes, magic, sizeof magic) != 0)
    return PF_ERR_INVALID;
  s.client_udp_port = pf_get_le16 (bytes + 4);
  if (extensions)
    ret = ext_get (bytes + START_LEAST, size - START_LEAST, &s.extension);
  if (ret == 0)
    *start = s;
  return ret;
}
