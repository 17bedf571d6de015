/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The parameters of GameStream's /launch and /resume.
 */
#include "pf-gs-launch.h"

#include <string.h>

enum { SIZE_MIN = 16, SIZE_MAX_PX = 16384, FPS_MAX = 1000 };

void
pf_gs_launch_init (PfGsLaunch *launch)
{
  *launch = (PfGsLaunch){ .channels = 2, .channel_mask = 3 };
}

static int
hex_of (char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int
set_key (PfGsLaunch *l, PfGsText value)
{
  if (value.size != 2 * PF_GS_LAUNCH_KEY)
    return PF_ERR_INVALID;
  for (unsigned i = 0; i < PF_GS_LAUNCH_KEY; i++) {
    const int high = hex_of (value.data[2 * i]);
    const int low = hex_of (value.data[2 * i + 1]);

    if (high < 0 || low < 0)
      return PF_ERR_INVALID;
    l->key[i] = (uint8_t) (high << 4 | low);
  }
  l->has_key = true;
  return 0;
}

/* A signed number of 32 bits; some clients send it as an unsigned one. */
static int
set_key_id (PfGsLaunch *l, PfGsText value)
{
  const bool negative = value.size > 0 && value.data[0] == '-';
  uint32_t v;
  int ret;

  if (negative) {
    value.data++;
    value.size--;
  }
  ret = pf_gs_text_uint (value, &v);
  if (ret < 0)
    return ret;
  if (negative && v > 0x80000000u)
    return PF_ERR_RANGE;
  l->key_id = negative ? 0u - v : v;
  l->has_key_id = true;
  return 0;
}

/* Frames a second, with decimals or as a thousandfold. */
static int
parse_fps (PfGsText text, uint32_t *fps_x1000)
{
  PfGsText whole = { NULL, 0 };
  uint32_t v, fraction = 0, weight = 100;
  int ret;

  pf_gs_text_split (&text, '.', &whole);
  ret = pf_gs_text_uint (whole, &v);
  if (ret < 0)
    return ret;
  for (size_t i = 0; i < text.size; i++, weight /= 10) {
    if (text.data[i] < '0' || text.data[i] > '9')
      return PF_ERR_INVALID;
    fraction += weight * (uint32_t) (text.data[i] - '0');
  }
  if (v > FPS_MAX * 1000)
    return PF_ERR_RANGE;
  *fps_x1000 = v >= 1000 ? v : v * 1000 + fraction;
  return *fps_x1000 >= 1000 ? 0 : PF_ERR_RANGE;
}

static int
set_mode (PfGsLaunch *l, PfGsText value)
{
  PfGsText width = { NULL, 0 }, height = { NULL, 0 };
  uint32_t w, h, fps = 0;
  int ret;

  pf_gs_text_split (&value, 'x', &width);
  pf_gs_text_split (&value, 'x', &height);
  ret = pf_gs_text_uint (width, &w);
  if (ret == 0)
    ret = pf_gs_text_uint (height, &h);
  if (ret == 0)
    ret = parse_fps (value, &fps);
  if (ret < 0)
    return ret;
  if (w < SIZE_MIN || w > SIZE_MAX_PX || h < SIZE_MIN || h > SIZE_MAX_PX)
    return PF_ERR_RANGE;
  l->width = w;
  l->height = h;
  l->fps_x1000 = fps;
  l->has_mode = true;
  return 0;
}

static int
set_surround (PfGsLaunch *l, PfGsText value)
{
  uint32_t v;
  const int ret = pf_gs_text_uint (value, &v);

  if (ret < 0)
    return ret;
  if ((v & 0xffff) != 2 && (v & 0xffff) != 6 && (v & 0xffff) != 8)
    return PF_ERR_RANGE;
  l->channels = v & 0xffff;
  l->channel_mask = v >> 16;
  return 0;
}

static int
set_bool (PfGsText value, bool *out)
{
  uint32_t v;
  const int ret = pf_gs_text_uint (value, &v);

  if (ret == 0)
    *out = v != 0;
  return ret;
}

int
pf_gs_launch_set (PfGsLaunch *launch, PfGsText name, PfGsText value)
{
  PfGsLaunch *l = launch;
  int ret;

  if (pf_gs_text_equal (name, "appid")) {
    ret = pf_gs_text_uint (value, &l->app_id);
    return ret == 0 && l->app_id > INT32_MAX ? PF_ERR_RANGE : ret;
  }
  if (pf_gs_text_equal (name, "mode"))
    return set_mode (l, value);
  if (pf_gs_text_equal (name, "rikey"))
    return set_key (l, value);
  if (pf_gs_text_equal (name, "rikeyid"))
    return set_key_id (l, value);
  if (pf_gs_text_equal (name, "corever")) {
    ret = pf_gs_text_uint (value, &l->core_version);
    l->has_core_version |= ret == 0;
    return ret;
  }
  if (pf_gs_text_equal (name, "hdrMode"))
    return set_bool (value, &l->hdr);
  if (pf_gs_text_equal (name, "sops"))
    return set_bool (value, &l->settings);
  if (pf_gs_text_equal (name, "localAudioPlayMode"))
    return set_bool (value, &l->play_on_host);
  if (pf_gs_text_equal (name, "surroundAudioInfo"))
    return set_surround (l, value);
  if (pf_gs_text_equal (name, "surroundParams"))
    return value.size > 0 ? pf_gs_opus_layout_parse (value, &l->layout) : 0;
  if (pf_gs_text_equal (name, "remoteControllersBitmap") ||
      pf_gs_text_equal (name, "gcmap"))
    return pf_gs_text_uint (value, &l->pads);
  if (pf_gs_text_equal (name, "gcpersist"))
    return set_bool (value, &l->pads_stay);
  return 0;
}

unsigned
pf_gs_launch_check (const PfGsLaunch *launch, bool resume, uint32_t required,
    const char **message)
{
  *message = "OK";
  if (!launch->has_key || !launch->has_key_id ||
      (!resume && (launch->app_id == 0 || !launch->has_mode))) {
    *message = "A parameter is missing.";
    return 400;
  }
  if (required && !launch->has_core_version) {
    *message = "This host only streams encrypted. "
               "Update the client, or allow plain streams on the host.";
    return 403;
  }
  return 200;
}
