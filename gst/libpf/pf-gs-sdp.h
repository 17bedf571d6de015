/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What host and client tell each other in DESCRIBE and ANNOUNCE: the one
 * place where the numbers that a client announces are checked.
 *
 * Thread-safety: all of these are pure functions.
 */
#ifndef PF_GS_SDP_H
#define PF_GS_SDP_H

#include "pf-gs-text.h"

enum {
  PF_GS_FEATURE_PEN_TOUCH = 0x01,
  PF_GS_FEATURE_PAD_TOUCH = 0x02, /* and motion */
};

enum {
  PF_GS_CLIENT_FEC_STATUS = 0x01,
  PF_GS_CLIENT_SESSION_ID = 0x02, /* ping payload and connect data */
};

enum {
  PF_GS_ENC_CONTROL_V2 = 0x01,
  PF_GS_ENC_VIDEO = 0x02,
  PF_GS_ENC_AUDIO = 0x04,
  PF_GS_ENC_ALL = 0x07,
};

/* What an encoder can, as /serverinfo says it. */
enum {
  PF_GS_CODEC_H264 = 0x1,
  PF_GS_CODEC_HEVC = 0x100,
  PF_GS_CODEC_HEVC_10 = 0x200,
  PF_GS_CODEC_AV1 = 0x10000,
  PF_GS_CODEC_AV1_10 = 0x20000,
  PF_GS_CODEC_H264_444 = 0x40000,
  PF_GS_CODEC_HEVC_444 = 0x80000,
  PF_GS_CODEC_HEVC_444_10 = 0x100000,
  PF_GS_CODEC_AV1_444 = 0x200000,
  PF_GS_CODEC_AV1_444_10 = 0x400000,
};

enum { PF_GS_FORMAT_H264, PF_GS_FORMAT_HEVC, PF_GS_FORMAT_AV1 };

#define PF_GS_CHANNELS_MAX 8
#define PF_GS_PACKET_SIZE_MIN 256
#define PF_GS_PACKET_SIZE_MAX 9168

/* An Opus stream of several channels: FL FR C LFE BL BR SL SR. */
typedef struct {
  uint8_t channels, streams, coupled;
  uint8_t mapping[PF_GS_CHANNELS_MAX];
} PfGsOpusLayout;

/* ---- DESCRIBE ----------------------------------------------------------- */

typedef struct {
  uint32_t features;             /* PF_GS_FEATURE_* */
  uint32_t encryption_supported; /* PF_GS_ENC_* */
  uint32_t encryption_requested;
  bool rfi; /* lost frames may be reported */
  bool hevc, av1;
  PfGsOpusLayout own; /* asked for at launch; 0 channels: none */
} PfGsDescribe;

void pf_gs_describe_write (PfGsWriter *writer, const PfGsDescribe *describe);

/* What a client reads; own stays empty. */
void pf_gs_describe_parse (PfGsText payload, PfGsDescribe *describe);

/* The layout that a client decodes with. Errors: PF_ERR_UNSUPPORTED (the host
 * named none for so many channels). */
int pf_gs_describe_layout (
    PfGsText payload, unsigned channels, bool high, PfGsOpusLayout *layout);

/* The layout of an encoder. Errors: PF_ERR_UNSUPPORTED. */
int pf_gs_opus_layout (unsigned channels, bool high, PfGsOpusLayout *layout);

/* Launch parameter surroundParams: digits. Errors: PF_ERR_INVALID. */
int pf_gs_opus_layout_parse (PfGsText digits, PfGsOpusLayout *layout);

/* ---- ANNOUNCE ----------------------------------------------------------- */

/* All are numbers; what is not announced has its default. */
typedef struct {
  uint32_t client_features;    /* PF_GS_CLIENT_* */
  uint32_t encryption;         /* PF_GS_ENC_* */
  uint32_t chroma_444;         /* 0, 1 */
  uint32_t intra_refresh;      /* 0, 1 */
  uint32_t width, height, fps; /* not 0 */
  uint32_t refresh_x100;       /* of the display; 0: unknown */
  uint32_t packet_size;
  uint32_t initial_kbps, peak_kbps, min_kbps, max_kbps;
  uint32_t configured_kbps;      /* of the user; 0: unknown */
  uint32_t video_qos, audio_qos; /* 0: unmarked packets */
  uint32_t general_flags;        /* 0x20: audio is to be encrypted */
  uint32_t reliable_udp;         /* 13: sealed control stream */
  uint32_t min_fec_packets;
  uint32_t slices; /* 1 or more */
  uint32_t supports_hevc;
  uint32_t format;     /* PF_GS_FORMAT_* */
  uint32_t ten_bit;    /* 0, 1 */
  uint32_t ref_frames; /* 0: any */
  uint32_t channels, channel_mask, high_quality;
  uint32_t audio_ms; /* 5, 10 */
  uint32_t csc;      /* colour space << 1 | full range */
} PfGsAnnounce;

/*
 * Errors: PF_ERR_INVALID (no number, or one that must be there is not),
 * PF_ERR_RANGE (a number that cannot be met). *WHICH is the name of the
 * attribute; it lives for ever.
 */
int pf_gs_announce_parse (
    PfGsText payload, PfGsAnnounce *announce, const char **which);

/* As clients write it; ADDRESS is the host's, video_port the one of SETUP. */
void pf_gs_announce_write (PfGsWriter *writer, const PfGsAnnounce *announce,
    const char *address, uint16_t video_port);

/* The encryption that holds: audio can be asked for in two ways. */
uint32_t pf_gs_announce_encryption (const PfGsAnnounce *announce);

/* The PF_GS_CODEC_* that an encoder must have for it; 0: there is none. */
uint32_t pf_gs_announce_codec (const PfGsAnnounce *announce);

/* The rate for an encoder where parity takes its part of PERCENT, and audio
 * its own. HIGH: audio of high quality. */
uint32_t pf_gs_announce_kbps (
    const PfGsAnnounce *announce, uint32_t percent, bool high);

/* Stereo of high quality is only told by the Host header of ANNOUNCE. */
bool pf_gs_announce_high_quality (
    const PfGsAnnounce *announce, PfGsText host_header);

#endif /* PF_GS_SDP_H */
