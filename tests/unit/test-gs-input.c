/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's input: packets of a real client, what becomes of them in the
 * forms of punktfunk/1, and numbers that mean nothing.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "crypto-vectors.h"
#include "pf-bytes.h"
#include "pf-gs-input.h"
#include "pf-test.h"

/* ---- Recorded ----------------------------------------------------------- */

static int64_t
meant (const PfJson *meaning, const char *name)
{
  return crypto_vectors_int (pf_json_member (meaning, name));
}

static float
meant_float (const PfJson *meaning, const char *name)
{
  double d = NAN;

  PF_REQUIRE (pf_json_double (pf_json_member (meaning, name), &d));
  return (float) d;
}

static bool
is (const PfJson *meaning, const char *kind)
{
  return strcmp (pf_json_string (pf_json_member (meaning, "kind")), kind) == 0;
}

static void
check_pointer (const PfJson *m, const PfGsInput *in)
{
  if (is (m, "mouse_rel")) {
    PF_CHECK_INT (in->kind, ==, PF_GS_INPUT_MOUSE_RELATIVE);
    PF_CHECK_INT (in->mouse.x, ==, meant (m, "dx"));
    PF_CHECK_INT (in->mouse.y, ==, meant (m, "dy"));
  } else if (is (m, "mouse_abs")) {
    PF_CHECK_INT (in->kind, ==, PF_GS_INPUT_MOUSE_ABSOLUTE);
    PF_CHECK_INT (in->mouse.x, ==, meant (m, "x"));
    PF_CHECK_INT (in->mouse.last_x, ==, meant (m, "ref_width_minus_1"));
    PF_CHECK_INT (in->mouse.last_y, ==, meant (m, "ref_height_minus_1"));
  } else if (is (m, "scroll") || is (m, "hscroll")) {
    PF_CHECK_INT (in->amount, ==, meant (m, "amount"));
  } else if (is (m, "button_down") || is (m, "button_up")) {
    PF_CHECK_INT (in->button, ==, meant (m, "button"));
  } else if (is (m, "touch")) {
    PF_CHECK_INT (in->touch.event, ==, meant (m, "event"));
    PF_CHECK_INT (in->touch.rotation, ==, meant (m, "rotation"));
    PF_CHECK_INT (in->touch.id, ==, meant (m, "pointer_id"));
    PF_CHECK (in->touch.x == meant_float (m, "x"));
    PF_CHECK (in->touch.pressure == meant_float (m, "pressure"));
    PF_CHECK (in->touch.minor == meant_float (m, "minor"));
  } else if (is (m, "pen")) {
    PF_CHECK_INT (in->pen.tool, ==, meant (m, "tool"));
    PF_CHECK_INT (in->pen.rotation, ==, meant (m, "rotation"));
    PF_CHECK_INT (in->pen.tilt, ==, meant (m, "tilt"));
    PF_CHECK (in->pen.pressure == meant_float (m, "pressure"));
  }
}

static void
check_pad (const PfJson *m, const PfGsInput *in)
{
  if (is (m, "controller")) {
    PF_CHECK_UINT (in->pad.buttons, ==, (uint64_t) meant (m, "buttons"));
    PF_CHECK_INT (in->pad.active, ==, meant (m, "active_mask"));
    PF_CHECK_INT (in->pad.left_x, ==, meant (m, "lsx"));
    PF_CHECK_INT (in->pad.right_y, ==, meant (m, "rsy"));
    PF_CHECK_INT (in->pad.right_trigger, ==, meant (m, "rt"));
  } else if (is (m, "controller_arrival")) {
    PF_CHECK_INT (in->arrival.type, ==, meant (m, "type"));
    PF_CHECK_INT (in->arrival.capabilities, ==, meant (m, "capabilities"));
    PF_CHECK_INT (in->arrival.buttons, ==, meant (m, "buttons"));
  } else if (is (m, "controller_touch")) {
    PF_CHECK_INT (in->touchpad.index, ==, meant (m, "touchpad"));
    PF_CHECK_INT (in->touchpad.id, ==, meant (m, "pointer_id"));
    PF_CHECK (in->touchpad.y == meant_float (m, "y"));
  } else if (is (m, "controller_motion")) {
    PF_CHECK_INT (in->motion.sensor, ==, meant (m, "type"));
    PF_CHECK (in->motion.v[2] == meant_float (m, "z"));
  } else if (is (m, "controller_battery")) {
    PF_CHECK_INT (in->battery.state, ==, meant (m, "state"));
    PF_CHECK_INT (in->battery.percent, ==, meant (m, "percent"));
  }
}

static void
check_rest (const PfJson *m, const PfGsInput *in)
{
  if (is (m, "key_down") || is (m, "key_up")) {
    PF_CHECK_INT (in->kind, ==,
        is (m, "key_up") ? PF_GS_INPUT_KEY_UP : PF_GS_INPUT_KEY_DOWN);
    PF_CHECK_INT (in->key.key, ==, meant (m, "raw_key"));
    PF_CHECK_INT (in->key.flags, ==, meant (m, "flags"));
    PF_CHECK_INT (in->key.modifiers, ==, meant (m, "modifiers"));
  } else if (is (m, "utf8")) {
    const char *text = pf_json_string (pf_json_member (m, "text"));

    PF_CHECK_UINT (in->text.size, ==, strlen (text));
    PF_CHECK_MEM (in->text.bytes, text, in->text.size);
  } else if (is (m, "enable_haptics")) {
    PF_CHECK_INT (in->enable, ==, meant (m, "value"));
  }
}

static void
test_vectors (void)
{
  const PfJson *root = crypto_vectors_load ("gamestream/input.json");
  unsigned n = 0;

  for (const PfJson *v = pf_json_first (pf_json_member (root, "vectors")); v;
       v = pf_json_next (v), n++) {
    const Bytes in = crypto_vectors_hex (pf_json_member (v, "packet"));
    const PfJson *m = pf_json_member (v, "meaning");
    uint8_t out[PF_GS_INPUT_MAX];
    PfGsInput input;
    size_t size;

    PF_REQUIRE_INT (pf_gs_input_decode (in.data, in.size, &input), ==, 0);
    check_pointer (m, &input);
    check_pad (m, &input);
    check_rest (m, &input);
    PF_CHECK_UINT (pf_gs_input_channel (&input), ==,
        (uint64_t) crypto_vectors_int (pf_json_member (v, "channel")));
    PF_REQUIRE_INT (pf_gs_input_encode (&input, out, sizeof out, &size), ==, 0);
    PF_CHECK_UINT (size, ==, in.size);
    PF_CHECK_MEM (out, in.data, in.size);
    PF_CHECK_INT (
        pf_gs_input_encode (&input, out, in.size - 1, &size), ==, PF_ERR_RANGE);
    for (size_t cut = 0; cut < in.size; cut++)
      PF_CHECK_INT (
          pf_gs_input_decode (in.data, cut, &input), ==, PF_ERR_INVALID);
  }
  PF_CHECK_UINT (n, ==, 21);
  crypto_vectors_clear ();
}

static void
test_insane (void)
{
  static const PfGsInput bad[] = {
    { .kind = PF_GS_INPUT_KEY_DOWN, .key = { .key = 0x8000 } },
    { .kind = PF_GS_INPUT_BUTTON_DOWN, .button = 0 },
    { .kind = PF_GS_INPUT_BUTTON_UP, .button = 6 },
    { .kind = PF_GS_INPUT_MOUSE_ABSOLUTE, .mouse = { 1, 1, 0, 9 } },
    { .kind = PF_GS_INPUT_MOUSE_ABSOLUTE, .mouse = { 1, 1, 9, -1 } },
    { .kind = PF_GS_INPUT_PAD, .pad = { .number = 16 } },
    { .kind = PF_GS_INPUT_ARRIVAL, .arrival = { .number = 16 } },
    { .kind = PF_GS_INPUT_BATTERY, .battery = { .number = 255 } },
    { .kind = PF_GS_INPUT_TOUCH, .touch = { .x = NAN } },
    { .kind = PF_GS_INPUT_TOUCH, .touch = { .minor = INFINITY } },
    { .kind = PF_GS_INPUT_TOUCH, .touch = { .event = 8 } },
    { .kind = PF_GS_INPUT_PEN, .pen = { .y = -INFINITY } },
    { .kind = PF_GS_INPUT_TOUCHPAD, .touchpad = { .number = 16 } },
    { .kind = PF_GS_INPUT_TOUCHPAD, .touchpad = { .pressure = NAN } },
    { .kind = PF_GS_INPUT_MOTION, .motion = { .number = 16 } },
    { .kind = PF_GS_INPUT_MOTION, .motion = { .v = { 0, 0, NAN } } },
    { .kind = PF_GS_INPUT_TEXT, .text = { .size = 0 } },
    { .kind = PF_GS_INPUT_TEXT, .text = { .size = 33 } },
    { .kind = 0x42 },
  };
  static const uint8_t pad_256[34] = { 0, 0, 0, 30, 0x0c, 0, 0, 0, 26, 0, 0, 1,
    1 };
  static const uint8_t nan_touch[36] = { 0, 0, 0, 32, 2, 0, 0, 0x55, 1, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0xc0, 0x7f };
  static const uint8_t unknown[9] = { 0, 0, 0, 5, 0x77 };
  static const uint8_t size_wraps[9] = { 0xff, 0xff, 0xff, 0xff, 8, 0, 0, 0,
    1 };
  uint8_t out[PF_GS_INPUT_MAX];
  PfGsInput in;
  size_t size;

  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (pf_gs_input_encode (&bad[i], out, sizeof out, &size) != PF_ERR_INVALID)
      pf_test_fail (__FILE__, __LINE__, "written: %zu", i);
  PF_CHECK_INT (
      pf_gs_input_decode (pad_256, sizeof pad_256, &in), ==, PF_ERR_INVALID);
  PF_CHECK_INT (pf_gs_input_decode (nan_touch, sizeof nan_touch, &in), ==,
      PF_ERR_INVALID);
  PF_CHECK_INT (pf_gs_input_decode (unknown, sizeof unknown, &in), ==,
      PF_ERR_UNSUPPORTED);
  PF_CHECK_INT (pf_gs_input_decode (size_wraps, sizeof size_wraps, &in), ==,
      PF_ERR_INVALID);
}

/* ---- Translated --------------------------------------------------------- */

enum { TOLD_MAX = 400 };

static PfGsInputState state;
static PfMsgInput told[TOLD_MAX];
static PfMsgRich rich[TOLD_MAX];
static unsigned n_told, n_rich;

static void
note (void *user, const PfMsgInput *input, const PfMsgRich *r)
{
  PF_CHECK (user == &state);
  PF_REQUIRE (n_told < TOLD_MAX && n_rich < TOLD_MAX);
  PF_CHECK ((input != NULL) != (r != NULL));
  if (input) {
    PF_CHECK_INT (pf_msg_input_check (input), ==, 0);
    told[n_told++] = *input;
  } else {
    rich[n_rich++] = *r;
  }
}

static void
give (const PfGsInput *input)
{
  n_told = n_rich = 0;
  pf_gs_input_translate (&state, input, note, &state);
}

static void
key (bool down, uint16_t code, uint8_t modifiers)
{
  give (&(PfGsInput){ .kind = down ? PF_GS_INPUT_KEY_DOWN : PF_GS_INPUT_KEY_UP,
      .key = { .key = 0x8000 | code, .modifiers = modifiers } });
}

static void
check_told (unsigned i, int kind, uint32_t code, int32_t x, int32_t y)
{
  PF_REQUIRE_UINT (i, <, n_told);
  PF_CHECK_INT (told[i].kind, ==, kind);
  PF_CHECK_UINT (told[i].code, ==, code);
  PF_CHECK_INT (told[i].x, ==, x);
  PF_CHECK_INT (told[i].y, ==, y);
}

static void
test_keys (void)
{
  pf_gs_input_state_init (&state);
  key (true, 0x41, 0);
  PF_REQUIRE_UINT (n_told, ==, 1);
  check_told (0, PF_MSG_INPUT_KEY_DOWN, 0x41, 0, 0);
  key (true, 0x41, 0); /* repeated by the client */
  PF_CHECK_UINT (n_told, ==, 0);
  key (false, 0x41, 0);
  PF_CHECK_UINT (n_told, ==, 1);
  key (false, 0x41, 0);
  PF_CHECK_UINT (n_told, ==, 0);
  /* control and shift that nobody holds */
  key (true, 0x42, 1 | 2);
  PF_REQUIRE_UINT (n_told, ==, 5);
  check_told (0, PF_MSG_INPUT_KEY_DOWN, 0xa0, 0, 0);
  check_told (1, PF_MSG_INPUT_KEY_DOWN, 0xa2, 0, 0);
  check_told (2, PF_MSG_INPUT_KEY_DOWN, 0x42, 0, 0);
  check_told (3, PF_MSG_INPUT_KEY_UP, 0xa2, 0, 0);
  check_told (4, PF_MSG_INPUT_KEY_UP, 0xa0, 0, 0);
  /* the right one is held: nothing around it */
  key (true, 0xa1, 1);
  PF_CHECK_UINT (n_told, ==, 1);
  key (true, 0x43, 1);
  PF_CHECK_UINT (n_told, ==, 1);
}

static void
test_pointer (void)
{
  uint32_t width, height;

  pf_gs_input_state_init (&state);
  give (&(PfGsInput){
      .kind = PF_GS_INPUT_MOUSE_RELATIVE, .mouse = { -3, 4, 0, 0 } });
  check_told (0, PF_MSG_INPUT_MOUSE_MOVE, 0, -3, 4);
  give (&(PfGsInput){
      .kind = PF_GS_INPUT_MOUSE_ABSOLUTE, .mouse = { -5, 900, 1279, 719 } });
  check_told (0, PF_MSG_INPUT_MOUSE_ABSOLUTE, 0, 0, 719);
  pf_msg_input_surface (&told[0], &width, &height);
  PF_CHECK_UINT (width, ==, 1280);
  PF_CHECK_UINT (height, ==, 720);
  give (&(PfGsInput){ .kind = PF_GS_INPUT_SCROLL, .amount = -120 });
  check_told (0, PF_MSG_INPUT_SCROLL, 0, -120, 0);
  give (&(PfGsInput){ .kind = PF_GS_INPUT_HSCROLL, .amount = 60 });
  check_told (0, PF_MSG_INPUT_SCROLL, 1, 60, 0);
  give (
      &(PfGsInput){ .kind = PF_GS_INPUT_BUTTON_DOWN, .button = PF_BUTTON_X2 });
  check_told (0, PF_MSG_INPUT_BUTTON_DOWN, PF_BUTTON_X2, 0, 0);
  give (
      &(PfGsInput){ .kind = PF_GS_INPUT_BUTTON_DOWN, .button = PF_BUTTON_X2 });
  PF_CHECK_UINT (n_told, ==, 0);
}

static void
text (const char *bytes, size_t size)
{
  PfGsInput in = { .kind = PF_GS_INPUT_TEXT };

  in.text.size = (uint8_t) size;
  memcpy (in.text.bytes, bytes, size);
  give (&in);
}

static void
test_text (void)
{
  static const struct {
    const char *bytes;
    unsigned size, n;
    uint32_t last;
  } cases[] = {
    { "a", 1, 1, 'a' }, { "\303\251", 2, 1, 0xe9 },
    { "\342\202\254", 3, 1, 0x20ac }, { "\360\237\230\200", 4, 1, 0x1f600 },
    { "ab\303\251", 4, 3, 0xe9 }, { "\303", 1, 0, 0 }, /* cut */
    { "\303(", 2, 0, 0 },                              /* no second byte */
    { "\300\200", 2, 0, 0 },              /* longer than it must be */
    { "\355\240\200", 3, 0, 0 },          /* half of a pair */
    { "\364\220\200\200", 4, 0, 0 },      /* behind the last */
    { "\377", 1, 0, 0 }, { "", 1, 0, 0 }, /* NUL */
  };

  pf_gs_input_state_init (&state);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    text (cases[i].bytes, cases[i].size);
    PF_CHECK_UINT (n_told, ==, cases[i].n);
    if (n_told > 0)
      check_told (n_told - 1, PF_MSG_INPUT_TEXT, cases[i].last, 0, 0);
  }
}

static void
touch (uint8_t event, uint32_t id, float x, float y)
{
  give (&(PfGsInput){ .kind = PF_GS_INPUT_TOUCH,
      .touch = { .event = event, .id = id, .x = x, .y = y } });
}

static void
test_touch (void)
{
  pf_gs_input_state_init (&state);
  touch (PF_GS_TOUCH_HOVER, 9, 0, 0);
  touch (PF_GS_TOUCH_MOVE, 9, 0, 0);
  touch (PF_GS_TOUCH_UP, 9, 0, 0);
  PF_CHECK_UINT (n_told, ==, 0);
  touch (PF_GS_TOUCH_DOWN, 7000000, 0.5f, 2);
  check_told (0, PF_MSG_INPUT_TOUCH_DOWN, 0, 32767, 65534);
  touch (PF_GS_TOUCH_DOWN, 8, -1, 1);
  check_told (0, PF_MSG_INPUT_TOUCH_DOWN, 1, 0, 65534);
  touch (PF_GS_TOUCH_MOVE, 7000000, 0, 0);
  check_told (0, PF_MSG_INPUT_TOUCH_MOVE, 0, 0, 0);
  touch (PF_GS_TOUCH_UP, 7000000, 0, 0);
  check_told (0, PF_MSG_INPUT_TOUCH_UP, 0, 0, 0);
  /* more fingers than there are places */
  for (uint32_t i = 100; i < 200; i++)
    touch (PF_GS_TOUCH_DOWN, i, 0, 0);
  PF_CHECK_UINT (n_told, ==, 0);
  touch (PF_GS_TOUCH_CANCEL_ALL, 0, 0, 0);
  PF_CHECK_UINT (n_told, ==, PF_GS_TOUCHES);
}

static void
test_pen (void)
{
  PfGsInput in = { .kind = PF_GS_INPUT_PEN,
    .pen = { .event = PF_GS_TOUCH_HOVER,
        .tool = 2,
        .buttons = 2,
        .x = 0.5f,
        .y = 7,
        .pressure = 0.5f,
        .rotation = PF_GS_ANGLE_UNKNOWN,
        .tilt = 30 } };
  const PfMsgPenSample *s = &rich[0].pen.samples[0];

  pf_gs_input_state_init (&state);
  give (&in);
  PF_REQUIRE_UINT (n_rich, ==, 1);
  PF_CHECK_UINT (s->state, ==, PF_PEN_IN_RANGE | PF_PEN_BARREL_1);
  PF_CHECK_UINT (s->tool, ==, 1);
  PF_CHECK (s->x == 0.5f && s->y == 1);
  PF_CHECK_UINT (s->distance, ==, 32767);
  PF_CHECK_UINT (s->azimuth, ==, 65535);
  in.pen.event = PF_GS_TOUCH_DOWN;
  in.pen.pressure = 0;
  in.pen.rotation = 45;
  give (&in);
  PF_CHECK_UINT (
      s->state, ==, PF_PEN_IN_RANGE | PF_PEN_TOUCHING | PF_PEN_BARREL_1);
  PF_CHECK_UINT (s->pressure, ==, 65535);
  PF_CHECK_UINT (s->azimuth, ==, 45);
  in.pen.event = PF_GS_TOUCH_LEAVE;
  give (&in);
  PF_CHECK_UINT (s->state, ==, 0);
}

static void
pad (uint8_t number, uint16_t active, uint32_t buttons)
{
  give (&(PfGsInput){ .kind = PF_GS_INPUT_PAD,
      .pad = { .number = number,
          .active = active,
          .buttons = buttons,
          .left_x = -32768,
          .right_y = 32767,
          .left_trigger = 10 } });
}

static void
test_pads (void)
{
  PfMsgPadState s;

  pf_gs_input_state_init (&state);
  give (&(PfGsInput){ .kind = PF_GS_INPUT_ARRIVAL,
      .arrival = { .number = 2, .type = 2, .capabilities = 0x1ff } });
  check_told (0, PF_MSG_INPUT_PAD_ARRIVAL, PF_GAMEPAD_DUALSENSE, 0, 0);
  PF_CHECK_UINT (told[0].flags, ==, 2 | 0x1ff << 8);
  pad (2, 1 << 2, PF_PAD_A | PF_PAD_MISC);
  PF_REQUIRE_UINT (n_told, ==, 1);
  pf_msg_input_to_pad_state (&told[0], &s);
  PF_CHECK_UINT (s.pad, ==, 2);
  PF_CHECK_UINT (s.seq, ==, 0);
  PF_CHECK_UINT (s.buttons, ==, PF_PAD_A | PF_PAD_MISC);
  PF_CHECK_INT (s.left_x, ==, -32768);
  PF_CHECK_INT (s.right_y, ==, 32767);
  PF_CHECK_UINT (s.left_trigger, ==, 10);
  pad (0, 1 << 2 | 1, 0);
  PF_CHECK_UINT (n_told, ==, 1);
  /* its bit is gone: it was pulled out; the packet is no state then */
  pad (2, 1, PF_PAD_A);
  PF_REQUIRE_UINT (n_told, ==, 1);
  PF_CHECK_INT (told[0].kind, ==, PF_MSG_INPUT_PAD_REMOVED);
  PF_CHECK_UINT (told[0].flags, ==, 1u << 24 | 2);
  give (&(PfGsInput){ .kind = PF_GS_INPUT_MOTION,
      .motion = { .number = 0, .sensor = 1, .v = { 9.80665f, 0, -1000 } } });
  PF_REQUIRE_UINT (n_rich, ==, 1);
  PF_CHECK_INT (rich[0].motion.accel[0], ==, 10000);
  PF_CHECK_INT (rich[0].motion.accel[2], ==, -32768);
  give (&(PfGsInput){ .kind = PF_GS_INPUT_MOTION,
      .motion = { .number = 0, .sensor = 2, .v = { 1, 2, 1e30f } } });
  PF_CHECK_INT (rich[0].motion.gyro[1], ==, 40);
  PF_CHECK_INT (rich[0].motion.gyro[2], ==, 32767);
  PF_CHECK_INT (rich[0].motion.accel[0], ==, 10000);
  give (&(PfGsInput){ .kind = PF_GS_INPUT_TOUCHPAD,
      .touchpad = {
          .number = 0, .event = PF_GS_TOUCH_DOWN, .id = 1, .x = 1 } });
  PF_CHECK_INT (rich[0].kind, ==, PF_RICH_TOUCHPAD);
  PF_CHECK_UINT (rich[0].touchpad.x, ==, 65535);
  PF_CHECK_UINT (rich[0].touchpad.active, ==, 1);
  give (&(PfGsInput){ .kind = PF_GS_INPUT_TOUCHPAD,
      .touchpad = { .number = 0, .event = PF_GS_TOUCH_UP, .index = 1 } });
  PF_CHECK_INT (rich[0].kind, ==, PF_RICH_TOUCHPAD_EX);
  PF_CHECK_INT (rich[0].touchpad_ex.x, ==, -32768);
  PF_CHECK_UINT (rich[0].touchpad_ex.state, ==, 0);
}

/* All that is held is let go of, once. */
static void
test_release (void)
{
  pf_gs_input_state_init (&state);
  key (true, 0x41, 0);
  key (true, 0xa0, 0);
  give (&(PfGsInput){ .kind = PF_GS_INPUT_BUTTON_DOWN, .button = 1 });
  touch (PF_GS_TOUCH_DOWN, 5, 0, 0);
  pad (0, 3, 0);
  pad (1, 3, 0);
  give (&(PfGsInput){ .kind = PF_GS_INPUT_PEN });
  n_told = n_rich = 0;
  pf_gs_input_release (&state, note, &state);
  PF_REQUIRE_UINT (n_told, ==, 6);
  check_told (0, PF_MSG_INPUT_KEY_UP, 0x41, 0, 0);
  check_told (1, PF_MSG_INPUT_KEY_UP, 0xa0, 0, 0);
  check_told (2, PF_MSG_INPUT_BUTTON_UP, 1, 0, 0);
  check_told (3, PF_MSG_INPUT_TOUCH_UP, 0, 0, 0);
  check_told (4, PF_MSG_INPUT_PAD_REMOVED, 0, 0, 0);
  check_told (5, PF_MSG_INPUT_PAD_REMOVED, 0, 0, 0);
  PF_REQUIRE_UINT (n_rich, ==, 1);
  PF_CHECK_UINT (rich[0].pen.samples[0].state, ==, 0);
  n_told = n_rich = 0;
  pf_gs_input_release (&state, note, &state);
  PF_CHECK_UINT (n_told + n_rich, ==, 0);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/gs-input/vectors", test_vectors);
  PF_TEST_ADD ("/gs-input/insane", test_insane);
  PF_TEST_ADD ("/gs-input/keys", test_keys);
  PF_TEST_ADD ("/gs-input/pointer", test_pointer);
  PF_TEST_ADD ("/gs-input/text", test_text);
  PF_TEST_ADD ("/gs-input/touch", test_touch);
  PF_TEST_ADD ("/gs-input/pen", test_pen);
  PF_TEST_ADD ("/gs-input/pads", test_pads);
  PF_TEST_ADD ("/gs-input/release", test_release);
  return pf_test_run (argc, argv);
}
