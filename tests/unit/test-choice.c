/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a host grants of what a client wants.
 */
#include "pf-choice.h"

#include "pf-test.h"

static void
test_codecs (void)
{
  enum {
    H = PF_CODEC_H264,
    X = PF_CODEC_HEVC,
    A = PF_CODEC_AV1,
    P = PF_CODEC_PYROWAVE
  };
  static const struct {
    uint8_t wanted, preferred, host, chosen;
  } known[] = {
    { 0, 0, H | X, X },
    { 0, 0, H, 0 },
    { 0, H, H | X, X },
    { H | X | A, 0, H | X | A, X },
    { H | X | A, 0, H | A, A },
    { H | X | A, 0, H, H },
    { H | X | A, H, H | X, H },
    { H | X | A, A, H | X, X },
    { H | X | A, H | A, H | X | A, X },
    { H | P, 0, P, 0 },
    { H | P, P, H | P, P },
    { H | P, 0, H | P, H },
  };

  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    PF_CHECK_UINT (
        pf_choose_codec (known[i].wanted, known[i].preferred, known[i].host),
        ==, known[i].chosen);
  PF_CHECK_UINT (pf_choose_bitrate (0, 0, 0), ==, 20000);
  PF_CHECK_UINT (pf_choose_bitrate (1, 0, 0), ==, 500);
  PF_CHECK_UINT (pf_choose_bitrate (UINT32_MAX, 0, 0), ==, 8000000);
  PF_CHECK_UINT (pf_choose_bitrate (UINT32_MAX, 0, 70000), ==, 70000);
  PF_CHECK_UINT (pf_choose_bitrate (0, 90000, 70000), ==, 70000);
  PF_CHECK_UINT (pf_choose_shard (true, 0), ==, 1408);
  PF_CHECK_UINT (pf_choose_shard (false, 9152), ==, 1388);
  PF_CHECK_UINT (pf_choose_shard (true, 1001), ==, 1000);
  PF_CHECK_UINT (pf_choose_shard (true, 3), ==, 512);
}

static void
test_grants_of_welcome (void)
{
  PfHostAbilities abilities = { .codecs = PF_CODEC_HEVC,
    .ten_bit = true,
    .hdr = true,
    .chroma444 = true,
    .chacha20 = true,
    .pcm = true,
    .max_channels = 6 };
  PfMsgHello hello;
  PfMsgWelcome w;

  pf_msg_hello_init (&hello);
  hello.mode = (PfMsgMode){ 1920, 1080, 60 };
  hello.later = true;
  PF_REQUIRE_INT (pf_choose_welcome (&abilities, &hello, false, &w), ==, 0);
  PF_CHECK_UINT (w.bit_depth, ==, 8);
  PF_CHECK_UINT (w.color.primaries, ==, 1);
  PF_CHECK_UINT (w.chroma, ==, 1);
  PF_CHECK_UINT (w.cipher, ==, 0);
  PF_CHECK_UINT (w.audio_codec, ==, PF_AUDIO_OPUS);
  PF_CHECK_UINT (w.shard_payload, ==, 1388);
  hello.video_caps =
      PF_VIDEO_10_BIT | PF_VIDEO_HDR10 | PF_VIDEO_444 | PF_VIDEO_CHACHA20;
  hello.client_caps = PF_CLIENT_AUDIO_PCM;
  hello.audio_rate_hz = 96000;
  hello.audio_channels = 8;
  PF_REQUIRE_INT (pf_choose_welcome (&abilities, &hello, true, &w), ==, 0);
  PF_CHECK_UINT (w.bit_depth, ==, 10);
  PF_CHECK_UINT (w.color.transfer, ==, 16);
  PF_CHECK_UINT (w.chroma, ==, 3);
  PF_CHECK_UINT (w.cipher, ==, PF_CIPHER_CHACHA20_POLY1305);
  PF_CHECK_UINT (w.audio_codec, ==, PF_AUDIO_PCM);
  PF_CHECK_UINT (w.audio_rate_hz, ==, 96000);
  PF_CHECK_UINT (w.audio_channels, ==, 6);
  /* v0.3.0 could not read the last two */
  hello.later = false;
  PF_REQUIRE_INT (pf_choose_welcome (&abilities, &hello, true, &w), ==, 0);
  PF_CHECK_UINT (w.cipher, ==, 0);
  PF_CHECK_UINT (w.audio_codec, ==, PF_AUDIO_OPUS);
  abilities.codecs = PF_CODEC_H264;
  PF_CHECK_INT (
      pf_choose_welcome (&abilities, &hello, true, &w), ==, PF_ERR_UNSUPPORTED);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/choice/codecs", test_codecs);
  PF_TEST_ADD ("/choice/welcome", test_grants_of_welcome);
  return pf_test_run (argc, argv);
}
