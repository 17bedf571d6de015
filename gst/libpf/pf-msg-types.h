/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Numbers and types that several messages of punktfunk/1 share.
 */
#ifndef PF_MSG_TYPES_H
#define PF_MSG_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pf-error.h"

#define PF_MSG_ALPN "pkf1"
#define PF_MSG_PORT 9777 /* UDP, of the host's QUIC socket */
#define PF_MSG_WIRE_VERSION 2
#define PF_MSG_SIZE_MAX 65535 /* of a message on the control stream */

#define PF_MSG_NAME_MAX 64
#define PF_MSG_LAUNCH_MAX 128

/* Bytes somewhere else. */
typedef struct {
  const uint8_t *data;
  size_t size;
} PfMsgSpan;

typedef struct {
  uint32_t width, height, refresh_hz;
} PfMsgMode;

/* Mastering display and content light level. */
typedef struct {
  uint16_t primaries[3][2]; /* green, blue, red: x, y in 1/50000 */
  uint16_t white[2];
  uint32_t max_luminance, min_luminance; /* 0.0001 cd/m2 */
  uint16_t max_cll, max_fall;            /* cd/m2 */
} PfMsgHdr;

#define PF_MSG_HDR_SIZE 28

/* Code points of ISO/IEC 23091-4 (CICP). */
typedef struct {
  uint8_t primaries, transfer, matrix, full_range;
} PfMsgColor;

typedef enum {
  PF_CODEC_H264 = 1,
  PF_CODEC_HEVC = 2,
  PF_CODEC_AV1 = 4,
  PF_CODEC_PYROWAVE = 8,
} PfCodec; /* bits where a set is meant */

typedef enum {
  PF_AUDIO_OPUS = 0,
  PF_AUDIO_PCM = 2,
} PfAudioCodec;

typedef enum {
  PF_CIPHER_AES_128_GCM = 0,
  PF_CIPHER_CHACHA20_POLY1305 = 1,
} PfCipher; /* as the Welcome names it */

enum {
  PF_COMPOSITOR_AUTO = 0,
  PF_COMPOSITOR_KWIN,
  PF_COMPOSITOR_WLROOTS,
  PF_COMPOSITOR_MUTTER,
  PF_COMPOSITOR_GAMESCOPE,
  PF_COMPOSITOR_HYPRLAND,
  PF_COMPOSITOR_WINDOWS,
  PF_N_COMPOSITORS,
};

enum {
  PF_GAMEPAD_AUTO = 0,
  PF_GAMEPAD_XBOX_360,
  PF_GAMEPAD_DUALSENSE,
  PF_GAMEPAD_XBOX_ONE,
  PF_GAMEPAD_DUALSHOCK_4,
  PF_GAMEPAD_STEAM_CONTROLLER,
  PF_GAMEPAD_STEAM_DECK,
  PF_GAMEPAD_DUALSENSE_EDGE,
  PF_GAMEPAD_SWITCH_PRO,
  PF_GAMEPAD_STEAM_CONTROLLER_2,
  PF_GAMEPAD_STEAM_CONTROLLER_2_PUCK,
  PF_GAMEPAD_XBOX_ELITE,
  PF_N_GAMEPADS,
};

/* Hello.video_caps */
enum {
  PF_VIDEO_10_BIT = 0x01,
  PF_VIDEO_HDR10 = 0x02,
  PF_VIDEO_444 = 0x04,
  PF_VIDEO_HOST_TIMING = 0x08, /* wants datagrams 0xCF */
  PF_VIDEO_PROBE_INDEX = 0x10, /* speed-test filler counts its own frames */
  PF_VIDEO_STREAMED = 0x20,    /* access units that begin before they end */
  PF_VIDEO_CHACHA20 = 0x40,    /* wants that cipher */
  PF_VIDEO_MULTI_SLICE = 0x80,
};

/* Hello.client_caps */
enum {
  PF_CLIENT_CURSOR = 0x01, /* draws it itself */
  PF_CLIENT_PHASE = 0x02,
  PF_CLIENT_AUDIO_RED = 0x04, /* takes datagrams 0xD2 */
  PF_CLIENT_PAD_AUDIO = 0x08,
  PF_CLIENT_AUDIO_PCM = 0x10,
  PF_CLIENT_KEEP_HOST_AUDIO = 0x20,
  PF_CLIENT_EXTENSIONS = 0x40, /* reads an extension block in the Welcome */
};

/* Welcome.host_caps */
enum {
  PF_HOST_PAD_STATE = 0x01, /* takes input kinds 12 to 14 */
  PF_HOST_CLIPBOARD = 0x02,
  PF_HOST_TEXT = 0x04,
  PF_HOST_CURSOR = 0x08,
  PF_HOST_PEN = 0x10,
  PF_HOST_AUDIO_RED = 0x20, /* audio comes as 0xD2 */
  PF_HOST_PAD_AUDIO = 0x40,
  PF_HOST_AUDIO_PCM = 0x80, /* audio comes as 0xD3 */
};

/* Welcome.host_caps2 */
enum {
  PF_HOST2_REPEAT = 0x01,
  PF_HOST2_TOUCH = 0x02,
  PF_HOST2_EXTENSIONS = 0x04, /* reads an extension block in Start */
  PF_HOST2_SCROLL = 0x08,
  PF_HOST2_EARLY_PROBE = 0x10,
  PF_HOST2_DELIVERY_REPORT = 0x20,
};

/* Welcome.grants: what this device may do. */
enum {
  PF_GRANT_GAMEPAD = 0x01,
  PF_GRANT_POINTER = 0x02,
  PF_GRANT_KEYBOARD = 0x04,
  PF_GRANT_CLIPBOARD = 0x08,
  PF_GRANT_MICROPHONE = 0x10,
  PF_GRANT_LAUNCH = 0x20,
  PF_GRANT_POWER = 0x40,
  PF_GRANT_ALL = 0x3f, /* what a Welcome that names none gives */
};

/* Application codes of a QUIC close. */
typedef enum {
  PF_CLOSE_DONE = 0x00,
  PF_CLOSE_ERROR = 0x01,
  PF_CLOSE_QUIT = 0x51,          /* client: the display may go at once */
  PF_CLOSE_PROGRAM_ENDED = 0x52, /* host: the launched program exited */
  PF_CLOSE_BUSY = 0x42,          /* host, as all below */
  PF_CLOSE_NOT_ARMED = 0x60,     /* pairing is not switched on */
  PF_CLOSE_OTHER_DEVICE = 0x61,  /* it is on for another device */
  PF_CLOSE_RATE_LIMITED = 0x62,  /* too many pairing attempts */
  PF_CLOSE_NO_IDENTITY = 0x63,   /* a client certificate is needed */
  PF_CLOSE_DENIED = 0x64,        /* the operator said no */
  PF_CLOSE_APPROVAL_TIME = 0x65, /* nobody answered the knock */
  PF_CLOSE_SUPERSEDED = 0x66,    /* the device knocked again */
  PF_CLOSE_WIRE_VERSION = 0x67,
  PF_CLOSE_SETUP_FAILED = 0x68,
  PF_CLOSE_ACCESS_EXPIRED = 0x69,
  PF_CLOSE_LAUNCH_DENIED = 0x6a,
} PfCloseCode;

#define PF_STREAM_RESET_CANCELLED 0x70 /* of a clipboard fetch's stream */

/* One English sentence for a user; never NULL. */
const char *pf_close_text (uint64_t code);

#endif /* PF_MSG_TYPES_H */
