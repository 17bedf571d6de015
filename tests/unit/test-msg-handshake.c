/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Hello, Welcome, Start and the framing: against the bytes of real peers,
 * in every length, with hostile ones.
 */
#include "pf-msg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msg-vectors.h"
#include "pf-bytes.h"
#include "pf-test.h"

static bool
is_early (const MsgVector *v)
{
  return strncmp (v->since, "v0.3.0", 6) == 0;
}

/* A copy of exactly this size: a read behind it shows under ASan. */
static uint8_t *
exact (const void *bytes, size_t size)
{
  uint8_t *copy = malloc (size > 0 ? size : 1);

  PF_REQUIRE (copy != NULL);
  if (size > 0)
    memcpy (copy, bytes, size);
  return copy;
}

static int
hello_decode (const void *bytes, size_t size, PfMsgHello *hello)
{
  uint8_t *copy = exact (bytes, size);
  const int ret = pf_msg_hello_decode (copy, size, hello);

  free (copy);
  return ret;
}

/* ---- Hello -------------------------------------------------------------- */

static PfMsgHello
hello_of (const PfJson *f)
{
  const PfJson *hdr = pf_json_member (f, "display_hdr");
  const uint64_t rate = msg_number_or (f, "audio_rate_hz", 0);
  const uint64_t bits = msg_number_or (f, "audio_bits", 0);
  PfMsgHello h;

  pf_msg_hello_init (&h);
  h.wire_version = (uint32_t) msg_number (f, "wire_version");
  h.mode = msg_mode (f);
  h.compositor = (uint8_t) msg_number (f, "compositor");
  h.gamepad = (uint8_t) msg_number (f, "gamepad");
  h.bitrate_kbps = (uint32_t) msg_number (f, "bitrate_kbps");
  snprintf (h.name, sizeof h.name, "%s", msg_text (f, "name"));
  snprintf (h.launch, sizeof h.launch, "%s", msg_text (f, "launch"));
  h.video_caps = (uint8_t) msg_number (f, "video_caps");
  h.audio_channels = (uint8_t) msg_number (f, "audio_channels");
  h.video_codecs = (uint8_t) msg_number_or (f, "video_codecs", 0);
  h.preferred_codec = (uint8_t) msg_number_or (f, "preferred_codec", 0);
  h.has_display_hdr = pf_json_type (hdr) == PF_JSON_OBJECT;
  if (h.has_display_hdr)
    h.display_hdr = msg_hdr (hdr);
  h.client_caps = (uint8_t) msg_number_or (f, "client_caps", 0);
  h.max_shard_payload = (uint16_t) msg_number_or (f, "max_shard_payload", 0);
  h.audio_rate_hz = rate ? (uint32_t) rate : 48000;
  h.audio_bits = bits ? (uint8_t) bits : 16;
  return h;
}

static void
check_hello (const PfMsgHello *a, const PfMsgHello *b)
{
  PF_CHECK_UINT (a->wire_version, ==, b->wire_version);
  PF_CHECK_UINT (a->mode.width, ==, b->mode.width);
  PF_CHECK_UINT (a->mode.height, ==, b->mode.height);
  PF_CHECK_UINT (a->mode.refresh_hz, ==, b->mode.refresh_hz);
  PF_CHECK_UINT (a->compositor, ==, b->compositor);
  PF_CHECK_UINT (a->gamepad, ==, b->gamepad);
  PF_CHECK_UINT (a->bitrate_kbps, ==, b->bitrate_kbps);
  PF_CHECK_STR (a->name, b->name);
  PF_CHECK_STR (a->launch, b->launch);
  PF_CHECK_HEX (a->video_caps, ==, b->video_caps);
  PF_CHECK_UINT (a->audio_channels, ==, b->audio_channels);
  PF_CHECK_HEX (a->video_codecs, ==, b->video_codecs);
  PF_CHECK_UINT (a->preferred_codec, ==, b->preferred_codec);
  PF_CHECK_UINT (a->has_display_hdr, ==, b->has_display_hdr);
  PF_CHECK_MEM (&a->display_hdr, &b->display_hdr, sizeof a->display_hdr);
  PF_CHECK_HEX (a->client_caps, ==, b->client_caps);
  PF_CHECK_UINT (a->max_shard_payload, ==, b->max_shard_payload);
  PF_CHECK_UINT (a->audio_rate_hz, ==, b->audio_rate_hz);
  PF_CHECK_UINT (a->audio_bits, ==, b->audio_bits);
  PF_CHECK_UINT (a->audio_layout, ==, b->audio_layout);
  PF_CHECK_UINT (a->video_fit, ==, b->video_fit);
}

static void
test_hello_vectors (void)
{
  size_t index = 0, n = 0, size;
  uint8_t bytes[PF_MSG_HELLO_MAX];
  MsgVector v;

  for (; msg_vectors_next ("Hello", &index, &v); n++) {
    const PfMsgHello wanted = hello_of (v.fields);
    PfMsgHello h;

    PF_CHECK_INT (
        pf_msg_hello_encode (&wanted, bytes, sizeof bytes, &size), ==, 0);
    PF_CHECK_UINT (size, ==, v.bytes.size);
    PF_CHECK_MEM (bytes, v.bytes.data, v.bytes.size);
    PF_CHECK_INT (hello_decode (v.bytes.data, v.bytes.size, &h), ==, 0);
    check_hello (&h, &wanted);
    PF_CHECK_UINT (h.later, ==, !is_early (&v));
    /* one byte too little room */
    PF_CHECK_INT (pf_msg_hello_encode (&wanted, bytes, v.bytes.size - 1, &size),
        ==, PF_ERR_RANGE);
  }
  PF_CHECK_UINT (n, ==, 12);
  crypto_vectors_clear ();
}

/* Every field set to something that is not its default. */
static PfMsgHello
full_hello (void)
{
  PfMsgHello h;

  pf_msg_hello_init (&h);
  h.mode = (PfMsgMode){ 2560, 1440, 120 };
  h.compositor = PF_COMPOSITOR_MUTTER;
  h.gamepad = PF_GAMEPAD_DUALSENSE;
  h.bitrate_kbps = 77777;
  snprintf (h.name, sizeof h.name,
      "D\xc3\xa9"
      "ck");
  snprintf (h.launch, sizeof h.launch, "steam:570");
  h.video_caps = 0xff;
  h.audio_channels = 6;
  h.video_codecs = 7;
  h.preferred_codec = PF_CODEC_AV1;
  h.has_display_hdr = true;
  h.display_hdr =
      (PfMsgHdr){ .white = { 1, 2 }, .max_luminance = 3, .max_fall = 4 };
  h.client_caps = PF_CLIENT_CURSOR;
  h.max_shard_payload = 9152;
  h.audio_rate_hz = 96000;
  h.audio_bits = 24;
  h.audio_layout = 3;
  h.video_fit = 2;
  return h;
}

/* Cut at each byte: what is whole is there, what is not has its default. */
static void
test_hello_lengths (void)
{
  const PfMsgHello full = full_hello ();
  uint8_t bytes[PF_MSG_HELLO_MAX], again[PF_MSG_HELLO_MAX];
  size_t size, size2;
  PfMsgHello h;

  PF_REQUIRE_INT (
      pf_msg_hello_encode (&full, bytes, sizeof bytes, &size), ==, 0);
  PF_CHECK_UINT (size, ==, 20 + 6 + 6 + 10 + 4 + 28 + 10);
  for (size_t n = 0; n <= size; n++) {
    PfMsgHello wanted = full, absent;

    if (n < 20) {
      PF_CHECK_INT (hello_decode (bytes, n, &h), ==, PF_ERR_INVALID);
      continue;
    }
    PF_CHECK_INT (hello_decode (bytes, n, &h), ==, 0);
    pf_msg_hello_init (&absent);
#define CUT(end, member)                                                       \
  if (n < (end))                                                               \
  memcpy (&wanted.member, &absent.member, sizeof wanted.member)
    CUT (21, compositor);
    CUT (22, gamepad);
    CUT (26, bitrate_kbps);
    CUT (32, name);
    CUT (42, launch);
    CUT (43, video_caps);
    CUT (44, audio_channels);
    CUT (45, video_codecs);
    CUT (46, preferred_codec);
    if (n >= 74) {
      CUT (75, client_caps);
      CUT (77, max_shard_payload);
      CUT (81, audio_rate_hz);
      CUT (82, audio_bits);
      CUT (83, audio_layout);
      CUT (84, video_fit);
      check_hello (&h, &wanted);
    } else if (n <= 46) {
      wanted.has_display_hdr = false;
      wanted.display_hdr = absent.display_hdr;
      wanted.client_caps = 0;
      wanted.max_shard_payload = 0;
      wanted.audio_rate_hz = 48000;
      wanted.audio_bits = 16;
      wanted.audio_layout = wanted.video_fit = 0;
      check_hello (&h, &wanted);
    } else {
      /* without all of the block it is not there: other fields are */
      PF_CHECK (!h.has_display_hdr);
      PF_CHECK_HEX (h.client_caps, ==, bytes[46]);
    }
#undef CUT
    PF_CHECK_UINT (h.later, ==, n >= 45);
    PF_CHECK_INT (pf_msg_hello_encode (&h, again, sizeof again, &size2), ==, 0);
    PF_CHECK_INT (hello_decode (again, size2, &wanted), ==, 0);
    check_hello (&wanted, &h);
  }
}

/* What comes later than all that is known here is left alone. */
static void
test_hello_longer (void)
{
  const PfMsgHello full = full_hello ();
  uint8_t bytes[PF_MSG_HELLO_MAX + 300] = { 0 };
  PfMsgHello h;
  size_t size;

  PF_REQUIRE_INT (
      pf_msg_hello_encode (&full, bytes, PF_MSG_HELLO_MAX, &size), ==, 0);
  PF_CHECK_INT (hello_decode (bytes, size + 300, &h), ==, 0);
  check_hello (&h, &full);
}

/* Text that is refused does not move what is behind it. */
static void
test_hello_text (void)
{
  static const struct {
    const char *text;
    size_t size;
    bool good;
  } texts[] = {
    { "", 0, true },
    { "Deck", 4, true },
    { "\xf0\x9f\x8e\xae", 4, true },
    { "\xe2\x82\xac\xc3\xa4", 5, true },
    { "a\0b", 3, false },
    { "\xff", 1, false },
    { "\xc3", 1, false },
    { "\xc0\xaf", 2, false },
    { "\xe0\x80\xaf", 3, false },
    { "\xed\xa0\x80", 3, false },
    { "\xf0\x80\x80\x80", 4, false },
    { "\xf4\x90\x80\x80", 4, false },
    { "\x80", 1, false },
  };
  uint8_t bytes[300];
  PfMsgHello h;

  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    size_t at = 26;

    memset (bytes, 0, sizeof bytes);
    memcpy (bytes, "PKF1\2", 5);
    bytes[at++] = (uint8_t) texts[i].size;
    memcpy (bytes + at, texts[i].text, texts[i].size);
    at += texts[i].size;
    bytes[at++] = 0;
    bytes[at++] = 0x31;
    PF_CHECK_INT (hello_decode (bytes, at, &h), ==, 0);
    PF_CHECK_STR (h.name, texts[i].good ? texts[i].text : "");
    PF_CHECK_HEX (h.video_caps, ==, 0x31);
  }
  /* lengths around what is used */
  for (unsigned n = 60; n < 256; n++) {
    memset (bytes, 'x', sizeof bytes);
    memset (bytes, 0, 26);
    memcpy (bytes, "PKF1\2", 5);
    bytes[26] = (uint8_t) n;
    bytes[27 + n] = 0;
    bytes[28 + n] = 0x44;
    PF_CHECK_INT (hello_decode (bytes, 29 + n, &h), ==, 0);
    PF_CHECK_UINT (strlen (h.name), ==, n <= 64 ? n : 0);
    PF_CHECK_HEX (h.video_caps, ==, 0x44);
    /* running past the end: nothing is there any more */
    PF_CHECK_INT (hello_decode (bytes, 26 + n, &h), ==, 0);
    PF_CHECK_STR (h.name, "");
    PF_CHECK_HEX (h.video_caps, ==, 0);
  }
}

static void
test_hello_refused (void)
{
  PfMsgHello h = { .bitrate_kbps = 12345 };
  uint8_t bytes[PF_MSG_HELLO_MAX] = "PKF1\2";
  size_t size = 99;

  bytes[20] = 250;
  bytes[21] = 250;
  PF_CHECK_INT (hello_decode (bytes, 22, &h), ==, 0);
  PF_CHECK_UINT (h.compositor, ==, PF_COMPOSITOR_AUTO);
  PF_CHECK_UINT (h.gamepad, ==, PF_GAMEPAD_AUTO);
  h.bitrate_kbps = 12345;
  for (unsigned version = 0; version < 5; version++) {
    bytes[4] = (uint8_t) version;
    if (version != 2)
      PF_CHECK_INT (hello_decode (bytes, 8, &h), ==, PF_ERR_UNSUPPORTED);
  }
  bytes[4] = 2;
  PF_CHECK_INT (hello_decode (bytes, 8, &h), ==, PF_ERR_INVALID);
  bytes[3] = 'c';
  PF_CHECK_INT (hello_decode (bytes, 40, &h), ==, PF_ERR_INVALID);
  PF_CHECK_UINT (h.bitrate_kbps, ==, 12345); /* untouched */

  pf_msg_hello_init (&h);
  memset (h.name, 'x', sizeof h.name); /* no end */
  PF_CHECK_INT (
      pf_msg_hello_encode (&h, bytes, sizeof bytes, &size), ==, PF_ERR_INVALID);
  memcpy (h.name, "\xff", 2);
  PF_CHECK_INT (
      pf_msg_hello_encode (&h, bytes, sizeof bytes, &size), ==, PF_ERR_INVALID);
  PF_CHECK_UINT (size, ==, 99);
}

/* ---- Welcome ------------------------------------------------------------ */

static PfMsgWelcome
welcome_of (const PfJson *f, PfMsgKeys *keys)
{
  const PfJson *chacha = pf_json_member (f, "key_chacha");
  const PfJson *color = pf_json_member (f, "color");
  PfMsgWelcome w;

  pf_msg_welcome_init (&w);
  memset (keys, 0, sizeof *keys);
  memcpy (keys->aes, msg_bytes (f, "key").data, sizeof keys->aes);
  memcpy (keys->salt, msg_bytes (f, "salt").data, sizeof keys->salt);
  if (pf_json_type (chacha) == PF_JSON_STRING)
    memcpy (
        keys->chacha, msg_bytes (f, "key_chacha").data, sizeof keys->chacha);
  w.wire_version = (uint32_t) msg_number (f, "wire_version");
  w.udp_port = (uint16_t) msg_number (f, "udp_port");
  w.mode = msg_mode (f);
  w.fec_scheme = (uint8_t) msg_number (f, "fec_scheme");
  w.fec_percent = (uint8_t) msg_number (f, "fec_percent");
  w.max_data_per_block = (uint16_t) msg_number (f, "max_data_per_block");
  w.shard_payload = (uint16_t) msg_number (f, "shard_payload");
  w.encrypt = (uint8_t) msg_number (f, "encrypt");
  w.frames = (uint32_t) msg_number (f, "frames");
  w.compositor = (uint8_t) msg_number (f, "compositor");
  w.gamepad = (uint8_t) msg_number (f, "gamepad");
  w.bitrate_kbps = (uint32_t) msg_number (f, "bitrate_kbps");
  w.bit_depth = (uint8_t) msg_number (f, "bit_depth");
  w.color = (PfMsgColor){
    (uint8_t) crypto_vectors_int (pf_json_at (color, 0)),
    (uint8_t) crypto_vectors_int (pf_json_at (color, 1)),
    (uint8_t) crypto_vectors_int (pf_json_at (color, 2)),
    (uint8_t) crypto_vectors_int (pf_json_at (color, 3)),
  };
  w.chroma = (uint8_t) msg_number (f, "chroma_format");
  w.audio_channels = (uint8_t) msg_number (f, "audio_channels");
  w.codec = (uint8_t) msg_number_or (f, "codec", PF_CODEC_HEVC);
  w.host_caps = (uint8_t) msg_number_or (f, "host_caps", 0);
  w.cipher = (uint8_t) msg_number_or (f, "cipher", 0);
  w.mgmt_port = (uint16_t) msg_number_or (f, "mgmt_port", 0);
  w.grants = (uint32_t) msg_number_or (f, "grants", PF_GRANT_ALL);
  w.expires_in_s = (uint32_t) msg_number_or (f, "expires_in_secs", 0);
  w.audio_codec = (uint8_t) msg_number_or (f, "audio_codec", 0);
  w.audio_rate_hz = (uint32_t) msg_number_or (f, "audio_rate_hz", 48000);
  w.audio_bits = (uint8_t) msg_number_or (f, "audio_bits", 16);
  w.audio_frame_us = (uint16_t) msg_number_or (f, "audio_frame_us", 0);
  return w;
}

static void
check_welcome (const PfMsgWelcome *a, const PfMsgWelcome *b)
{
  PF_CHECK_UINT (a->wire_version, ==, b->wire_version);
  PF_CHECK_UINT (a->udp_port, ==, b->udp_port);
  PF_CHECK_UINT (a->mode.width, ==, b->mode.width);
  PF_CHECK_UINT (a->mode.height, ==, b->mode.height);
  PF_CHECK_UINT (a->mode.refresh_hz, ==, b->mode.refresh_hz);
  PF_CHECK_UINT (a->fec_scheme, ==, b->fec_scheme);
  PF_CHECK_UINT (a->fec_percent, ==, b->fec_percent);
  PF_CHECK_UINT (a->max_data_per_block, ==, b->max_data_per_block);
  PF_CHECK_UINT (a->shard_payload, ==, b->shard_payload);
  PF_CHECK_UINT (a->encrypt, ==, b->encrypt);
  PF_CHECK_UINT (a->frames, ==, b->frames);
  PF_CHECK_UINT (a->compositor, ==, b->compositor);
  PF_CHECK_UINT (a->gamepad, ==, b->gamepad);
  PF_CHECK_UINT (a->bitrate_kbps, ==, b->bitrate_kbps);
  PF_CHECK_UINT (a->bit_depth, ==, b->bit_depth);
  PF_CHECK_MEM (&a->color, &b->color, sizeof a->color);
  PF_CHECK_UINT (a->chroma, ==, b->chroma);
  PF_CHECK_UINT (a->audio_channels, ==, b->audio_channels);
  PF_CHECK_UINT (a->codec, ==, b->codec);
  PF_CHECK_HEX (a->host_caps, ==, b->host_caps);
  PF_CHECK_UINT (a->cipher, ==, b->cipher);
  PF_CHECK_UINT (a->mgmt_port, ==, b->mgmt_port);
  PF_CHECK_HEX (a->grants, ==, b->grants);
  PF_CHECK_UINT (a->expires_in_s, ==, b->expires_in_s);
  PF_CHECK_UINT (a->audio_codec, ==, b->audio_codec);
  PF_CHECK_UINT (a->audio_rate_hz, ==, b->audio_rate_hz);
  PF_CHECK_UINT (a->audio_bits, ==, b->audio_bits);
  PF_CHECK_UINT (a->audio_frame_us, ==, b->audio_frame_us);
  PF_CHECK_HEX (a->host_caps2, ==, b->host_caps2);
  PF_CHECK_UINT (a->audio_layout, ==, b->audio_layout);
  PF_CHECK_UINT (a->extension.size, ==, b->extension.size);
}

static int
welcome_decode (const void *bytes, size_t size, PfMsgWelcome *w, PfMsgKeys *k)
{
  uint8_t *copy = exact (bytes, size);
  const int ret = pf_msg_welcome_decode (copy, size, false, w, k);

  free (copy);
  return ret;
}

static void
test_welcome_vectors (void)
{
  uint8_t bytes[PF_MSG_WELCOME_MAX];
  size_t index = 0, n = 0, size;
  MsgVector v;

  for (; msg_vectors_next ("Welcome", &index, &v); n++) {
    PfMsgKeys keys, k;
    const PfMsgWelcome wanted = welcome_of (v.fields, &keys);
    PfMsgWelcome w;

    PF_CHECK_INT (pf_msg_welcome_encode (&wanted, &keys, !is_early (&v), bytes,
                      sizeof bytes, &size),
        ==, 0);
    PF_CHECK_UINT (size, ==, v.bytes.size);
    PF_CHECK_MEM (bytes, v.bytes.data, v.bytes.size);
    PF_CHECK_INT (welcome_decode (v.bytes.data, v.bytes.size, &w, &k), ==, 0);
    check_welcome (&w, &wanted);
    PF_CHECK_MEM (&k, &keys, sizeof k);
    PF_CHECK_UINT (w.later, ==, !is_early (&v));
  }
  PF_CHECK_UINT (n, ==, 7);
  crypto_vectors_clear ();
}

static PfMsgWelcome
full_welcome (PfMsgKeys *keys)
{
  PfMsgWelcome w;

  pf_msg_welcome_init (&w);
  memset (keys, 0x5a, sizeof *keys);
  w.udp_port = 4711;
  w.mode = (PfMsgMode){ 1280, 720, 60 };
  w.compositor = 3;
  w.gamepad = 2;
  w.bitrate_kbps = 20000;
  w.bit_depth = 10;
  w.color = (PfMsgColor){ 9, 16, 9, 1 };
  w.chroma = 3;
  w.audio_channels = 8;
  w.codec = PF_CODEC_AV1;
  w.host_caps = PF_HOST_PAD_STATE;
  w.cipher = PF_CIPHER_CHACHA20_POLY1305;
  w.mgmt_port = 47990;
  w.grants = PF_GRANT_POINTER;
  w.expires_in_s = 60;
  w.audio_codec = PF_AUDIO_PCM;
  w.audio_rate_hz = 96000;
  w.audio_bits = 24;
  w.audio_frame_us = 2500;
  w.host_caps2 = PF_HOST2_TOUCH;
  w.audio_layout = 1;
  return w;
}

/* Cut at each byte: defaults behind; inside the key it is an error. */
static void
test_welcome_lengths (void)
{
  PfMsgKeys keys, k;
  const PfMsgWelcome full = full_welcome (&keys);
  uint8_t bytes[PF_MSG_WELCOME_MAX];
  size_t size;

  PF_REQUIRE_INT (
      pf_msg_welcome_encode (&full, &keys, true, bytes, sizeof bytes, &size),
      ==, 0);
  PF_CHECK_UINT (size, ==, 101 + 20);
  for (size_t n = 0; n <= size; n++) {
    PfMsgWelcome w, wanted = full, absent;
    const int ret = welcome_decode (bytes, n, &w, &k);

    if (n < 53 || (n >= 69 && n < 101)) {
      PF_CHECK_INT (ret, ==, PF_ERR_INVALID);
      continue;
    }
    PF_CHECK_INT (ret, ==, 0);
    pf_msg_welcome_init (&absent);
#define CUT(end, member)                                                       \
  if (n < (end))                                                               \
  memcpy (&wanted.member, &absent.member, sizeof wanted.member)
    CUT (54, compositor);
    CUT (55, gamepad);
    CUT (59, bitrate_kbps);
    CUT (60, bit_depth);
    CUT (61, color.primaries);
    CUT (62, color.transfer);
    CUT (63, color.matrix);
    CUT (64, color.full_range);
    CUT (65, chroma);
    CUT (66, audio_channels);
    CUT (67, codec);
    CUT (68, host_caps);
    CUT (69, cipher);
    CUT (103, mgmt_port);
    CUT (107, grants);
    CUT (111, expires_in_s);
    CUT (112, audio_codec);
    CUT (116, audio_rate_hz);
    CUT (117, audio_bits);
    CUT (119, audio_frame_us);
    CUT (120, host_caps2);
    CUT (121, audio_layout);
#undef CUT
    check_welcome (&w, &wanted);
    PF_CHECK_UINT (w.later, ==, n >= 67);
  }
}

/* Whatever is sent: 66 bytes to a v0.3.0 client, 68 or a cipher at 68. */
static void
test_welcome_byte_68 (void)
{
  PfMsgKeys keys;
  PfMsgWelcome w = full_welcome (&keys);
  uint8_t bytes[PF_MSG_WELCOME_MAX];
  size_t size = 77;

  /* what the short form cannot say is an error, not left out */
  PF_CHECK_INT (
      pf_msg_welcome_encode (&w, &keys, false, bytes, sizeof bytes, &size), ==,
      PF_ERR_INVALID);
  w.cipher = 0;
  PF_CHECK_INT (
      pf_msg_welcome_encode (&w, &keys, false, bytes, sizeof bytes, &size), ==,
      PF_ERR_INVALID);
  w.codec = PF_CODEC_HEVC;
  PF_CHECK_INT (
      pf_msg_welcome_encode (&w, &keys, false, bytes, sizeof bytes, &size), ==,
      PF_ERR_INVALID);
  PF_CHECK_UINT (size, ==, 77);
  w.audio_codec = PF_AUDIO_OPUS;
  PF_CHECK_INT (
      pf_msg_welcome_encode (&w, &keys, false, bytes, sizeof bytes, &size), ==,
      0);
  PF_CHECK_UINT (size, ==, 66);
  w.cipher = 2;
  PF_CHECK_INT (
      pf_msg_welcome_encode (&w, &keys, true, bytes, sizeof bytes, &size), ==,
      PF_ERR_INVALID);

  pf_msg_welcome_init (&w);
  PF_CHECK_INT (
      pf_msg_welcome_encode (&w, &keys, true, bytes, sizeof bytes, &size), ==,
      0);
  PF_CHECK_UINT (size, ==, 68);
  w.audio_layout = 1; /* the last field forces all before it */
  PF_CHECK_INT (
      pf_msg_welcome_encode (&w, &keys, true, bytes, sizeof bytes, &size), ==,
      0);
  PF_CHECK_UINT (size, ==, 69 + 20);
  PF_CHECK_UINT (bytes[68], ==, 0);
  PF_CHECK_HEX (pf_get_le32 (bytes + 71), ==, PF_GRANT_ALL);
  PF_CHECK_UINT (pf_get_le32 (bytes + 80), ==, 48000);

  for (unsigned cipher = 2; cipher < 256; cipher++) {
    PfMsgKeys k;

    bytes[68] = (uint8_t) cipher;
    PF_CHECK_INT (welcome_decode (bytes, size, &w, &k), ==, PF_ERR_INVALID);
  }
}

static void
test_welcome_refused (void)
{
  PfMsgKeys keys, k;
  PfMsgWelcome w = full_welcome (&keys);
  uint8_t bytes[PF_MSG_WELCOME_MAX];
  size_t size, need;

  PF_REQUIRE_INT (
      pf_msg_welcome_encode (&w, &keys, true, bytes, sizeof bytes, &need), ==,
      0);
  for (size_t room = 0; room < need; room++) {
    uint8_t *small = exact (bytes, room);

    PF_CHECK_INT (pf_msg_welcome_encode (&w, &keys, true, small, room, &size),
        ==, PF_ERR_RANGE);
    free (small);
  }
  bytes[4] = 3;
  PF_CHECK_INT (welcome_decode (bytes, need, &w, &k), ==, PF_ERR_UNSUPPORTED);
  bytes[4] = 2;
  bytes[0] = 'Q';
  PF_CHECK_INT (welcome_decode (bytes, need, &w, &k), ==, PF_ERR_INVALID);
}

/* ---- Extension blocks --------------------------------------------------- */

static void
test_extensions (void)
{
  uint8_t entries[PF_EXT_SIZE_MAX + 8], bytes[PF_MSG_WELCOME_MAX];
  uint8_t start[PF_MSG_START_MAX];
  PfMsgKeys keys, k;
  PfMsgWelcome w, w2;
  PfMsgSpan value;
  PfMsgStart s;
  uint16_t tag;
  size_t size = 0, n, at = 0;

  PF_CHECK_INT (pf_msg_ext_add (entries, sizeof entries, &size,
                    PF_EXT_CLIENT_LABEL, (const uint8_t *) "pf", 2),
      ==, 0);
  PF_CHECK_INT (
      pf_msg_ext_add (entries, sizeof entries, &size, 999, NULL, 0), ==, 0);
  PF_CHECK_UINT (size, ==, 10);
  pf_msg_welcome_init (&w);
  memset (&keys, 1, sizeof keys);
  w.extension = (PfMsgSpan){ entries, size };
  PF_CHECK_INT (
      pf_msg_welcome_encode (&w, &keys, true, bytes, sizeof bytes, &n), ==, 0);
  PF_CHECK_UINT (n, ==, 69 + 20 + 2 + 10);
  PF_CHECK_INT (pf_msg_welcome_decode (bytes, n, true, &w2, &k), ==, 0);
  PF_CHECK_UINT (w2.extension.size, ==, 10);
  PF_CHECK (pf_msg_ext_next (&w2.extension, &at, &tag, &value));
  PF_CHECK_UINT (tag, ==, PF_EXT_CLIENT_LABEL);
  PF_CHECK_MEM (value.data, "pf", 2);
  PF_CHECK (pf_msg_ext_next (&w2.extension, &at, &tag, &value));
  PF_CHECK_UINT (tag, ==, 999);
  PF_CHECK (!pf_msg_ext_next (&w2.extension, &at, &tag, &value));
  /* every cut of it is an error, but only to one who asked for it */
  for (size_t cut = n - 1; cut > 69 + 20; cut--) {
    PF_CHECK_INT (
        pf_msg_welcome_decode (bytes, cut, true, &w2, &k), ==, PF_ERR_INVALID);
    PF_CHECK_INT (pf_msg_welcome_decode (bytes, cut, false, &w2, &k), ==, 0);
    PF_CHECK (w2.extension.data == NULL);
  }

  s = (PfMsgStart){ 50001, { entries, size } };
  PF_CHECK_INT (pf_msg_start_encode (&s, start, sizeof start, &n), ==, 0);
  PF_CHECK_UINT (n, ==, 6 + 2 + 10);
  PF_CHECK_INT (pf_msg_start_decode (start, n, true, &s), ==, 0);
  PF_CHECK_UINT (s.client_udp_port, ==, 50001);
  PF_CHECK_UINT (s.extension.size, ==, 10);
  PF_CHECK_INT (
      pf_msg_start_decode (start, n - 1, true, &s), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_msg_start_decode (start, n - 1, false, &s), ==, 0);
  PF_CHECK (s.extension.data == NULL);
}

/* C5: reading ends at an entry that is cut, however little or much is there, and
 * never gives out what lies behind. */
static void
test_extension_ends (void)
{
  uint8_t entries[64];

  for (unsigned i = 0; i < 20000; i++) {
    const size_t size = (size_t) pf_test_random_below (sizeof entries);
    uint8_t *copy;
    PfMsgSpan span, value;
    size_t at = 0, n = 0;
    uint16_t tag;

    pf_test_random_bytes (entries, size);
    for (size_t j = 2; j + 1 < size; j += 4 + pf_test_random_below (8))
      pf_put_le16 (entries + j, (uint16_t) pf_test_random_below (12));
    copy = exact (entries, size);
    span = (PfMsgSpan){ copy, size };
    while (pf_msg_ext_next (&span, &at, &tag, &value)) {
      PF_REQUIRE (++n <= sizeof entries / 4);
      PF_REQUIRE_UINT (at, <=, size);
      PF_REQUIRE (value.data + value.size == copy + at);
    }
    free (copy);
  }
}

static void
test_extension_limits (void)
{
  uint8_t entries[PF_EXT_SIZE_MAX + 8] = { 0 };
  size_t size = 0;
  PfMsgSpan span;

  for (uint16_t i = 0; i < PF_EXT_ENTRIES_MAX; i++)
    PF_CHECK_INT (
        pf_msg_ext_add (entries, sizeof entries, &size, i, NULL, 0), ==, 0);
  span = (PfMsgSpan){ entries, size };
  PF_CHECK_INT (pf_msg_ext_check (&span), ==, 0);
  PF_CHECK_INT (
      pf_msg_ext_add (entries, sizeof entries, &size, 500, NULL, 0), ==, 0);
  span.size = size;
  PF_CHECK_INT (pf_msg_ext_check (&span), ==, PF_ERR_INVALID); /* 65 */
  span.size = 8;
  pf_put_le16 (entries + 4, 0); /* tag 0 again */
  PF_CHECK_INT (pf_msg_ext_check (&span), ==, PF_ERR_INVALID);
  memset (entries, 0, sizeof entries);
  pf_put_le16 (entries + 2, PF_EXT_SIZE_MAX - 4);
  span.size = PF_EXT_SIZE_MAX;
  PF_CHECK_INT (pf_msg_ext_check (&span), ==, 0);
  pf_put_le16 (entries + 2, PF_EXT_SIZE_MAX - 3);
  span.size = PF_EXT_SIZE_MAX + 1;
  PF_CHECK_INT (pf_msg_ext_check (&span), ==, PF_ERR_INVALID);
  size = 0;
  PF_CHECK_INT (
      pf_msg_ext_add (entries, 7, &size, 1, entries, 4), ==, PF_ERR_RANGE);
}

/* ---- Start -------------------------------------------------------------- */

static void
test_start (void)
{
  uint8_t bytes[PF_MSG_START_MAX];
  size_t index = 0, size;
  PfMsgStart s = { 0 };
  MsgVector v;

  PF_REQUIRE (msg_vectors_next ("Start", &index, &v));
  s.client_udp_port = (uint16_t) msg_number (v.fields, "client_udp_port");
  PF_CHECK_INT (pf_msg_start_encode (&s, bytes, sizeof bytes, &size), ==, 0);
  PF_CHECK_UINT (size, ==, v.bytes.size);
  PF_CHECK_MEM (bytes, v.bytes.data, v.bytes.size);
  PF_CHECK_INT (pf_msg_start_encode (&s, bytes, 5, &size), ==, PF_ERR_RANGE);
  s.client_udp_port = 0;
  PF_CHECK_INT (
      pf_msg_start_decode (v.bytes.data, v.bytes.size, true, &s), ==, 0);
  PF_CHECK_UINT (s.client_udp_port, ==, 50001);
  for (size_t n = 0; n < v.bytes.size; n++)
    PF_CHECK_INT (
        pf_msg_start_decode (v.bytes.data, n, false, &s), ==, PF_ERR_INVALID);
  crypto_vectors_clear ();
}

/* ---- Framing ------------------------------------------------------------ */

enum { N_MESSAGES = 200, LARGEST = 300 };

/* Messages of all sizes, in pieces of all sizes: the same come out. */
static void
test_frames (void)
{
  uint8_t *stream = malloc (N_MESSAGES * (LARGEST + 2) * 2);
  uint8_t memory[LARGEST];
  size_t n = 0, at = 0, sizes[N_MESSAGES], starts[N_MESSAGES];
  PfMsgReader r;
  size_t got = 0, oversized = 0;

  PF_REQUIRE (stream != NULL);
  for (size_t i = 0; i < N_MESSAGES; i++) {
    sizes[i] = (size_t) pf_test_random_below (LARGEST * 5 / 4);
    pf_msg_frame_finish (stream + n, sizes[i]);
    starts[i] = n + 2;
    pf_test_random_bytes (stream + n + 2, sizes[i]);
    n += 2 + sizes[i];
  }
  pf_msg_reader_init (&r, memory, sizeof memory);
  while (at < n) {
    size_t piece = 1 + (size_t) pf_test_random_below (40);

    piece = piece < n - at ? piece : n - at;
    while (piece > 0) {
      PfMsgSpan m = { NULL, 0 };
      size_t used = 0;
      uint8_t *copy = exact (stream + at, piece);
      const int ret = pf_msg_reader_take (&r, copy, piece, &used, &m);

      free (copy);
      PF_REQUIRE (used <= piece);
      at += used;
      piece -= used;
      if (ret == 0)
        PF_REQUIRE_UINT (piece, ==, 0);
      if (ret == 0)
        break;
      PF_REQUIRE (got < N_MESSAGES);
      if (sizes[got] > LARGEST) {
        PF_CHECK_INT (ret, ==, PF_ERR_RANGE);
        oversized++;
      } else {
        PF_CHECK_INT (ret, ==, 1);
        PF_CHECK_UINT (m.size, ==, sizes[got]);
        PF_CHECK_MEM (m.data, stream + starts[got], m.size);
      }
      got++;
    }
  }
  PF_CHECK_UINT (got, ==, N_MESSAGES);
  PF_CHECK_UINT (oversized, >, 0);
  PF_CHECK (!pf_msg_reader_is_partial (&r));
  free (stream);
}

static void
test_namespace (void)
{
  PF_CHECK_INT (
      pf_msg_namespace ((const uint8_t *) "PKF1", 4), ==, PF_MSG_HANDSHAKE);
  PF_CHECK_INT (
      pf_msg_namespace ((const uint8_t *) "PKFc\x03", 5), ==, PF_MSG_TYPED);
  PF_CHECK_INT (
      pf_msg_namespace ((const uint8_t *) "PKFc", 4), ==, PF_MSG_UNKNOWN);
  PF_CHECK_INT (
      pf_msg_namespace ((const uint8_t *) "PKF", 3), ==, PF_MSG_UNKNOWN);
  PF_CHECK_INT (pf_msg_namespace (NULL, 0), ==, PF_MSG_UNKNOWN);
}

static void
test_close_texts (void)
{
  PF_CHECK_STR (pf_close_text (PF_CLOSE_DENIED),
      "the host's operator refused the connection");
  for (uint64_t code = 0; code < 300; code++)
    PF_CHECK (strlen (pf_close_text (code)) > 10);
  PF_CHECK_STR (pf_close_text (UINT64_MAX), pf_close_text (0x99));
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/msg/hello/vectors", test_hello_vectors);
  PF_TEST_ADD ("/msg/hello/lengths", test_hello_lengths);
  PF_TEST_ADD ("/msg/hello/longer", test_hello_longer);
  PF_TEST_ADD ("/msg/hello/text", test_hello_text);
  PF_TEST_ADD ("/msg/hello/refused", test_hello_refused);
  PF_TEST_ADD ("/msg/welcome/vectors", test_welcome_vectors);
  PF_TEST_ADD ("/msg/welcome/lengths", test_welcome_lengths);
  PF_TEST_ADD ("/msg/welcome/byte-68", test_welcome_byte_68);
  PF_TEST_ADD ("/msg/welcome/refused", test_welcome_refused);
  PF_TEST_ADD ("/msg/extensions", test_extensions);
  PF_TEST_ADD ("/msg/extensions/C5/ends", test_extension_ends);
  PF_TEST_ADD ("/msg/extensions/limits", test_extension_limits);
  PF_TEST_ADD ("/msg/start", test_start);
  PF_TEST_ADD ("/msg/frames", test_frames);
  PF_TEST_ADD ("/msg/namespace", test_namespace);
  PF_TEST_ADD ("/msg/close-texts", test_close_texts);
  return pf_test_run (argc, argv);
}
