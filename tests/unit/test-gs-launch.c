/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The parameters of GameStream's launch.
 */
#include <string.h>

#include "pf-gs-launch.h"
#include "pf-test.h"

static PfGsText
text (const char *string)
{
  return (PfGsText){ string, strlen (string) };
}

static int
set (PfGsLaunch *l, const char *name, const char *value)
{
  return pf_gs_launch_set (l, text (name), text (value));
}

static void
test_usual (void)
{
  static const uint8_t key[16] = { 0x32, 0xc0, 0x16, 0x75, 0x7b, 0xcb, 0x1a,
    0xed, 0x3f, 0x39, 0xfe, 0x05, 0x45, 0x4c, 0xbb, 0xe3 };
  const char *message;
  PfGsLaunch l;

  pf_gs_launch_init (&l);
  PF_CHECK_UINT (l.channels, ==, 2);
  PF_CHECK_UINT (pf_gs_launch_check (&l, false, 0, &message), ==, 400);
  PF_CHECK_INT (set (&l, "appid", "881448767"), ==, 0);
  PF_CHECK_INT (set (&l, "mode", "1920x1080x60"), ==, 0);
  PF_CHECK_INT (set (&l, "rikey", "32c016757bCB1AED3f39fe05454cbbe3"), ==, 0);
  PF_CHECK_UINT (pf_gs_launch_check (&l, false, 0, &message), ==, 400);
  PF_CHECK_INT (set (&l, "rikeyid", "-2"), ==, 0);
  PF_CHECK_INT (set (&l, "surroundAudioInfo", "4128774"), ==, 0);
  PF_CHECK_INT (set (&l, "localAudioPlayMode", "1"), ==, 0);
  PF_CHECK_INT (set (&l, "hdrMode", "1"), ==, 0);
  PF_CHECK_INT (set (&l, "gcmap", "3"), ==, 0);
  PF_CHECK_INT (set (&l, "uuid", "whatever"), ==, 0);
  PF_CHECK_UINT (l.app_id, ==, 881448767);
  PF_CHECK_UINT (l.width, ==, 1920);
  PF_CHECK_UINT (l.height, ==, 1080);
  PF_CHECK_UINT (l.fps_x1000, ==, 60000);
  PF_CHECK_MEM (l.key, key, sizeof key);
  PF_CHECK_HEX (l.key_id, ==, 0xfffffffe);
  PF_CHECK_UINT (l.channels, ==, 6);
  PF_CHECK_UINT (l.channel_mask, ==, 0x3f);
  PF_CHECK (l.hdr && l.play_on_host && l.pads == 3);
  PF_CHECK_UINT (pf_gs_launch_check (&l, false, 0, &message), ==, 200);
  /* no core version: it cannot encrypt video */
  PF_CHECK_UINT (pf_gs_launch_check (&l, false, 7, &message), ==, 403);
  PF_CHECK (strlen (message) > 20);
  PF_CHECK_INT (set (&l, "corever", "0"), ==, 0);
  PF_CHECK_UINT (pf_gs_launch_check (&l, false, 7, &message), ==, 200);
  PF_CHECK_UINT (l.core_version, ==, 0);
}

static void
test_resume (void)
{
  const char *message;
  PfGsLaunch l;

  pf_gs_launch_init (&l);
  PF_CHECK_INT (set (&l, "rikey", "00000000000000000000000000000001"), ==, 0);
  PF_CHECK_INT (set (&l, "rikeyid", "2147483647"), ==, 0);
  PF_CHECK_UINT (pf_gs_launch_check (&l, true, 0, &message), ==, 200);
  PF_CHECK_UINT (pf_gs_launch_check (&l, false, 0, &message), ==, 400);
}

static void
test_modes (void)
{
  static const struct {
    const char *mode;
    int ret;
    uint32_t fps_x1000;
  } cases[] = {
    { "1280x720x59.94", 0, 59940 },
    { "1280x720x59.9401", 0, 59940 },
    { "1280x720x119880", 0, 119880 },
    { "1279x719x1", 0, 1000 },
    { "16384x16384x1000", 0, 1000 },
    { "1280x720x0", PF_ERR_RANGE, 0 },
    { "1280x720x0.5", PF_ERR_RANGE, 0 },
    { "1280x720x1000001", PF_ERR_RANGE, 0 },
    { "1280x720x4294967296", PF_ERR_RANGE, 0 },
    { "0x720x60", PF_ERR_RANGE, 0 },
    { "1280x0x60", PF_ERR_RANGE, 0 },
    { "16385x720x60", PF_ERR_RANGE, 0 },
    { "-1280x720x60", PF_ERR_INVALID, 0 },
    { "1280x720", PF_ERR_INVALID, 0 },
    { "1280x720x", PF_ERR_INVALID, 0 },
    { "1280x720x60x1", PF_ERR_INVALID, 0 },
    { "1280x720x60.x", PF_ERR_INVALID, 0 },
    { "", PF_ERR_INVALID, 0 },
    { "xx", PF_ERR_INVALID, 0 },
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    PfGsLaunch l;
    int ret;

    pf_gs_launch_init (&l);
    ret = set (&l, "mode", cases[i].mode);
    if (ret != cases[i].ret || l.fps_x1000 != cases[i].fps_x1000)
      pf_test_fail (__FILE__, __LINE__, "%s: %d, %u", cases[i].mode, ret,
          (unsigned) l.fps_x1000);
    PF_CHECK_INT (l.has_mode, ==, ret == 0);
  }
}

static void
test_bad (void)
{
  static const struct {
    const char *name, *value;
    int ret;
  } cases[] = {
    { "rikey", "32c016757bcb1aed3f39fe05454cbbe", PF_ERR_INVALID },
    { "rikey", "32c016757bcb1aed3f39fe05454cbbe3a", PF_ERR_INVALID },
    { "rikey", "32c016757bcb1aed3f39fe05454cbbeg", PF_ERR_INVALID },
    { "rikeyid", "", PF_ERR_INVALID },
    { "rikeyid", "--1", PF_ERR_INVALID },
    { "rikeyid", "4294967296", PF_ERR_RANGE },
    { "rikeyid", "-2147483649", PF_ERR_RANGE },
    { "rikeyid", "-2147483648", 0 },
    { "appid", "2147483648", PF_ERR_RANGE },
    { "appid", "-1", PF_ERR_INVALID },
    { "appid", "1; rm", PF_ERR_INVALID },
    { "surroundAudioInfo", "0", PF_ERR_RANGE },
    { "surroundAudioInfo", "262148", PF_ERR_RANGE },
    { "surroundParams", "21101", 0 },
    { "surroundParams", "", 0 },
    { "surroundParams", "99", PF_ERR_INVALID },
    { "corever", "x", PF_ERR_INVALID },
  };
  PfGsLaunch l;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int ret;

    pf_gs_launch_init (&l);
    ret = set (&l, cases[i].name, cases[i].value);
    if (ret != cases[i].ret)
      pf_test_fail (
          __FILE__, __LINE__, "%s=%s: %d", cases[i].name, cases[i].value, ret);
    PF_CHECK (!l.has_key && !l.has_core_version);
  }
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/gs-launch/usual", test_usual);
  PF_TEST_ADD ("/gs-launch/resume", test_resume);
  PF_TEST_ADD ("/gs-launch/modes", test_modes);
  PF_TEST_ADD ("/gs-launch/bad", test_bad);
  return pf_test_run (argc, argv);
}
