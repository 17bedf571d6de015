/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a host grants of what a client wants.
 */
#include "pf-choice.h"

/* Best first; PyroWave only if it is preferred. */
static const uint8_t codec_order[] = { PF_CODEC_HEVC, PF_CODEC_AV1,
  PF_CODEC_H264 };

uint8_t
pf_choose_codec (uint8_t wanted, uint8_t preferred, uint8_t host)
{
  const uint8_t shared = (wanted ? wanted : PF_CODEC_HEVC) & host;
  const bool one = preferred && (preferred & (preferred - 1)) == 0;

  if (one && (shared & preferred))
    return preferred;
  for (size_t i = 0; i < sizeof codec_order; i++)
    if (shared & codec_order[i])
      return codec_order[i];
  return 0;
}

static uint32_t
or_default (uint32_t value, uint32_t fallback)
{
  return value ? value : fallback;
}

static uint32_t
clamp (uint32_t v, uint32_t least, uint32_t most)
{
  return v < least ? least : v > most ? most : v;
}

uint32_t
pf_choose_bitrate (
    uint32_t wanted_kbps, uint32_t default_kbps, uint32_t max_kbps)
{
  const uint32_t fallback = or_default (default_kbps, PF_BITRATE_DEFAULT_KBPS);
  const uint32_t most = clamp (or_default (max_kbps, PF_BITRATE_MAX_KBPS),
      PF_BITRATE_MIN_KBPS, PF_BITRATE_MAX_KBPS);

  return clamp (or_default (wanted_kbps, fallback), PF_BITRATE_MIN_KBPS, most);
}

uint16_t
pf_choose_shard (bool ipv4, uint16_t max_shard_payload)
{
  const uint16_t usual = ipv4 ? PF_SHARD_V4 : PF_SHARD_V6;

  if (max_shard_payload == 0 || max_shard_payload >= usual)
    return usual;
  if (max_shard_payload < PF_SHARD_MIN)
    return PF_SHARD_MIN;
  return max_shard_payload & 0xfffe;
}

bool
pf_mode_check (const PfHostAbilities *host, const PfMsgMode *mode)
{
  return mode->width >= 2 && mode->height >= 2 && mode->refresh_hz >= 1 &&
         mode->width <= or_default (host->max_width, 7680) &&
         mode->height <= or_default (host->max_height, 4320) &&
         mode->refresh_hz <= or_default (host->max_refresh_hz, 480);
}

/* Depth, colour and chroma. */
static void
choose_picture (
    const PfHostAbilities *host, const PfMsgHello *hello, PfMsgWelcome *w)
{
  const bool ten = host->ten_bit && (hello->video_caps & PF_VIDEO_10_BIT);

  if (ten)
    w->bit_depth = 10;
  if (ten && host->hdr && (hello->video_caps & PF_VIDEO_HDR10))
    w->color = (PfMsgColor){ 9, 16, 9, 0 };
  if (host->chroma444 && (hello->video_caps & PF_VIDEO_444))
    w->chroma = 3;
}

static void
choose_audio (
    const PfHostAbilities *host, const PfMsgHello *hello, PfMsgWelcome *w)
{
  const uint32_t most = or_default (host->max_channels, 8);

  w->audio_channels = hello->audio_channels <= most ? hello->audio_channels
                      : most >= 6                   ? 6
                                                    : 2;
  if (!host->pcm || !hello->later ||
      !(hello->client_caps & PF_CLIENT_AUDIO_PCM))
    return;
  w->audio_codec = PF_AUDIO_PCM;
  w->audio_rate_hz = hello->audio_rate_hz;
  w->audio_bits = hello->audio_bits;
  w->host_caps |= PF_HOST_AUDIO_PCM;
}

int
pf_choose_welcome (const PfHostAbilities *host, const PfMsgHello *hello,
    bool ipv4, PfMsgWelcome *welcome)
{
  PfMsgWelcome w;

  pf_msg_welcome_init (&w);
  if (!pf_mode_check (host, &hello->mode))
    return PF_ERR_RANGE;
  w.mode = hello->mode;
  w.codec = pf_choose_codec (
      hello->video_codecs, hello->preferred_codec, host->codecs);
  if (w.codec == 0)
    return PF_ERR_UNSUPPORTED;
  w.bitrate_kbps = pf_choose_bitrate (
      hello->bitrate_kbps, host->default_kbps, host->max_kbps);
  w.shard_payload = pf_choose_shard (ipv4, hello->max_shard_payload);
  if (hello->later && host->chacha20 && (hello->video_caps & PF_VIDEO_CHACHA20))
    w.cipher = PF_CIPHER_CHACHA20_POLY1305;
  choose_picture (host, hello, &w);
  choose_audio (host, hello, &w);
  *welcome = w;
  return 0;
}
