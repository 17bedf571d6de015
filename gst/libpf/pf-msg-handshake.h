/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The three messages that open a session, in all lengths that released peers
 * send. They grow at the end only: a sender leaves trailing fields that have
 * their default out, and must write every field before one that has not; a
 * reader takes what is there.
 */
#ifndef PF_MSG_HANDSHAKE_H
#define PF_MSG_HANDSHAKE_H

#include "pf-msg-types.h"

/* ---- Hello (client to host) --------------------------------------------- */

typedef struct {
  uint32_t wire_version;
  PfMsgMode mode;
  uint8_t compositor;    /* PF_COMPOSITOR_*, wanted */
  uint8_t gamepad;       /* PF_GAMEPAD_*, wanted */
  uint32_t bitrate_kbps; /* wanted; 0: the host's default */
  char name[PF_MSG_NAME_MAX + 1];
  char launch[PF_MSG_LAUNCH_MAX + 1]; /* id of a title, such as steam:570 */
  uint8_t video_caps;                 /* PF_VIDEO_* */
  uint8_t audio_channels;             /* 2, 6 or 8 */
  uint8_t video_codecs;               /* PF_CODEC_*; 0: HEVC only */
  uint8_t preferred_codec;            /* one of them, or 0 */
  bool has_display_hdr;
  PfMsgHdr display_hdr;
  uint8_t client_caps;        /* PF_CLIENT_* */
  uint16_t max_shard_payload; /* 0: never change it during the session */
  uint32_t audio_rate_hz;
  uint8_t audio_bits; /* 16 or 24 */
  uint8_t audio_layout;
  uint8_t video_fit; /* 0 fit, 1 crop, 2 stretch */
  /* Set by the decoder: has fields that v0.3.0 did not know. Only then may the
   * Welcome be longer than PF_MSG_WELCOME_SHORT. */
  bool later;
} PfMsgHello;

#define PF_MSG_HELLO_MAX 262 /* bytes that the encoder may write */

/* All fields at their defaults, the current wire version. */
void pf_msg_hello_init (PfMsgHello *hello);

/* Errors: PF_ERR_RANGE (no room), PF_ERR_INVALID (a text is no UTF-8). */
int pf_msg_hello_encode (
    const PfMsgHello *hello, uint8_t *bytes, size_t room, size_t *size);

/*
 * A text that is too long or no UTF-8 counts as absent; unknown preferences
 * as automatic. Errors: PF_ERR_INVALID (no Hello), PF_ERR_UNSUPPORTED (one of
 * another wire version).
 */
int pf_msg_hello_decode (const uint8_t *bytes, size_t size, PfMsgHello *hello);

/* ---- Welcome (host to client) ------------------------------------------- */

typedef struct {
  uint32_t wire_version;
  uint16_t udp_port; /* the host's, for video */
  PfMsgMode mode;
  uint8_t fec_scheme; /* 0: GF(2^8), 1: GF(2^16) */
  uint8_t fec_percent;
  uint16_t max_data_per_block;
  uint16_t shard_payload;
  uint8_t encrypt;
  uint32_t frames; /* of a test host; 0: no end */
  uint8_t compositor, gamepad;
  uint32_t bitrate_kbps;
  uint8_t bit_depth; /* 8 or 10 */
  PfMsgColor color;
  uint8_t chroma;         /* 1: 4:2:0, 3: 4:4:4 */
  uint8_t audio_channels; /* 2, 6 or 8 */
  uint8_t codec;          /* PfCodec */
  uint8_t host_caps;      /* PF_HOST_* */
  uint8_t cipher;         /* PfCipher */
  uint16_t mgmt_port;     /* 0: unknown, 47990 is likely */
  uint32_t grants;        /* PF_GRANT_* */
  uint32_t expires_in_s;  /* 0: never */
  uint8_t audio_codec;    /* PfAudioCodec */
  uint32_t audio_rate_hz;
  uint8_t audio_bits;
  uint16_t audio_frame_us; /* 0: not said */
  uint8_t host_caps2;      /* PF_HOST2_* */
  uint8_t audio_layout;
  PfMsgSpan extension; /* entries of the block; data is NULL without one */
  /* Set by the decoder: has fields that v0.3.0 did not know. */
  bool later;
} PfMsgWelcome;

/* What the Welcome carries besides: apart, so that the rest can be shown.
 * Whoever has one wipes it (pf_wipe()) as soon as the ciphers are made. */
typedef struct {
  uint8_t aes[16];
  uint8_t chacha[32]; /* with that cipher only */
  uint8_t salt[4];
} PfMsgKeys;

#define PF_MSG_WELCOME_SHORT 66 /* bytes of v0.3.0's */
#define PF_MSG_WELCOME_MAX 4224 /* that the encoder may write */

/* Defaults of an absent tail: 8 bits, BT.709, stereo, HEVC, Opus, all rights;
 * GF(2^16), 10 %, blocks of 4096, shards of 1408, encrypted. */
void pf_msg_welcome_init (PfMsgWelcome *welcome);

/*
 * With later false the 66 bytes of v0.3.0, else 68 or more.
 * Errors: PF_ERR_RANGE (no room), PF_ERR_INVALID (no such cipher, a malformed
 * extension, or something that the short form cannot say: a codec other than
 * HEVC, another cipher, PCM).
 */
int pf_msg_welcome_encode (const PfMsgWelcome *welcome, const PfMsgKeys *keys,
    bool later, uint8_t *bytes, size_t room, size_t *size);

/*
 * extensions: we announced PF_CLIENT_EXTENSIONS. Values that are merely
 * strange are left to the caller, see pf_client_welcome_check().
 * Errors: PF_ERR_INVALID (no Welcome, unknown cipher, malformed extension
 * block), PF_ERR_UNSUPPORTED (another wire version).
 */
int pf_msg_welcome_decode (const uint8_t *bytes, size_t size, bool extensions,
    PfMsgWelcome *welcome, PfMsgKeys *keys);

/* ---- Start (client to host) --------------------------------------------- */

typedef struct {
  uint16_t client_udp_port;
  PfMsgSpan extension; /* entries of the block; data is NULL without one */
} PfMsgStart;

#define PF_MSG_START_MAX 4104

/* Errors: PF_ERR_RANGE (no room), PF_ERR_INVALID (malformed extension). */
int pf_msg_start_encode (
    const PfMsgStart *start, uint8_t *bytes, size_t room, size_t *size);

/* extensions: we announced PF_HOST2_EXTENSIONS.
 * Errors: PF_ERR_INVALID. */
int pf_msg_start_decode (
    const uint8_t *bytes, size_t size, bool extensions, PfMsgStart *start);

/* ---- Extension blocks --------------------------------------------------- */

enum {
  PF_EXT_PADDING = 1,
  PF_EXT_CLIENT_LABEL = 2, /* UTF-8, at most 96 bytes */
  PF_EXT_ABR = 3,          /* u8; bit 0: reads the reason of BitrateChanged */
  PF_EXT_PRESET = 4,
};

#define PF_EXT_SIZE_MAX 4096
#define PF_EXT_ENTRIES_MAX 64

/* The next entry, *at is 0 at first. False at the end. The entries are those
 * of a decoded message (or passed pf_msg_ext_check()). */
bool pf_msg_ext_next (
    const PfMsgSpan *entries, size_t *at, uint16_t *tag, PfMsgSpan *value);

/* Errors: PF_ERR_INVALID (runs past the end, too long, too many entries, or
 * a tag twice). */
int pf_msg_ext_check (const PfMsgSpan *entries);

/* Adds an entry behind *size bytes. Errors: PF_ERR_RANGE (no room). */
int pf_msg_ext_add (uint8_t *entries, size_t room, size_t *size, uint16_t tag,
    const uint8_t *value, size_t value_size);

#endif /* PF_MSG_HANDSHAKE_H */
