/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Gamepads in messages; see pf-pads.h. */
#include "pf-pads.h"

#include <string.h>

/* ---- From the client ---------------------------------------------------- */

static GstStructure *
make (const gchar *kind, guint pad)
{
  return gst_structure_new (
      PF_GAMEPAD, "kind", G_TYPE_STRING, kind, "pad", G_TYPE_UINT, pad, NULL);
}

static GstStructure *
from_state (const PfMsgInput *input)
{
  PfMsgPadState state;
  GstStructure *s;

  pf_msg_input_to_pad_state (input, &state);
  s = make ("state", state.pad);
  gst_structure_set (s, "seq", G_TYPE_UINT, state.seq, "buttons", G_TYPE_UINT,
      state.buttons, "left-x", G_TYPE_INT, state.left_x, "left-y", G_TYPE_INT,
      state.left_y, "right-x", G_TYPE_INT, state.right_x, "right-y", G_TYPE_INT,
      state.right_y, "left-trigger", G_TYPE_UINT, state.left_trigger,
      "right-trigger", G_TYPE_UINT, state.right_trigger, NULL);
  return s;
}

GstStructure *
pf_pads_from_input (const PfMsgInput *input)
{
  GstStructure *s;

  switch (input->kind) {
  case PF_MSG_INPUT_PAD_BUTTON:
    s = make ("button", input->flags);
    gst_structure_set (s, "code", G_TYPE_UINT, input->code, "pressed",
        G_TYPE_BOOLEAN, input->x != 0, NULL);
    return s;
  case PF_MSG_INPUT_PAD_AXIS:
    s = make ("axis", input->flags);
    gst_structure_set (s, "code", G_TYPE_UINT, input->code, "value", G_TYPE_INT,
        input->x, NULL);
    return s;
  case PF_MSG_INPUT_PAD_STATE:
    return from_state (input);
  case PF_MSG_INPUT_PAD_REMOVED:
    s = make ("removed", input->flags & 0xff);
    gst_structure_set (s, "seq", G_TYPE_UINT, input->flags >> 24, NULL);
    return s;
  case PF_MSG_INPUT_PAD_ARRIVAL:
    s = make ("arrival", input->flags & 0xff);
    gst_structure_set (s, "type", G_TYPE_UINT, input->code, "abilities",
        G_TYPE_UINT, input->flags >> 8 & 0xff, NULL);
    return s;
  default:
    return NULL;
  }
}

static void
set_bytes (GstStructure *s, const gchar *name, const PfMsgSpan *span)
{
  GBytes *bytes = g_bytes_new (span->data, span->size);

  gst_structure_set (s, name, G_TYPE_BYTES, bytes, NULL);
  g_bytes_unref (bytes);
}

static GstStructure *
from_motion (const PfMsgMotion *m)
{
  GstStructure *s = make ("motion", m->pad);

  gst_structure_set (s, "pitch", G_TYPE_INT, m->gyro[0], "yaw", G_TYPE_INT,
      m->gyro[1], "roll", G_TYPE_INT, m->gyro[2], "right", G_TYPE_INT,
      m->accel[0], "up", G_TYPE_INT, m->accel[1], "back", G_TYPE_INT,
      m->accel[2], NULL);
  return s;
}

static GstStructure *
from_touchpad (const PfMsgTouchpad *t)
{
  GstStructure *s = make ("touchpad", t->pad);

  gst_structure_set (s, "surface", G_TYPE_UINT, 0, "finger", G_TYPE_UINT,
      t->finger, "touched", G_TYPE_BOOLEAN, t->active != 0, "x", G_TYPE_INT,
      t->x, "y", G_TYPE_INT, t->y, NULL);
  return s;
}

static GstStructure *
from_touchpad_ex (const PfMsgTouchpadEx *t)
{
  GstStructure *s = make ("surface", t->pad);

  gst_structure_set (s, "surface", G_TYPE_UINT, t->surface, "finger",
      G_TYPE_UINT, t->finger, "touched", G_TYPE_BOOLEAN, (t->state & 1) != 0,
      "pressed", G_TYPE_BOOLEAN, (t->state & 2) != 0, "x", G_TYPE_INT, t->x,
      "y", G_TYPE_INT, t->y, "pressure", G_TYPE_UINT, t->pressure, NULL);
  return s;
}

GstStructure *
pf_pads_from_rich (const PfMsgRich *rich)
{
  GstStructure *s;

  switch (rich->kind) {
  case PF_RICH_TOUCHPAD:
    return from_touchpad (&rich->touchpad);
  case PF_RICH_MOTION:
    return from_motion (&rich->motion);
  case PF_RICH_TOUCHPAD_EX:
    return from_touchpad_ex (&rich->touchpad_ex);
  case PF_RICH_HID_REPORT:
    s = make ("report", rich->hid_report.pad);
    set_bytes (s, "report", &rich->hid_report.report);
    return s;
  default:
    return NULL;
  }
}

gboolean
pf_pads_pen (const PfMsgPenSample *sample, PfInput *input)
{
  if (sample->state & PF_PEN_PREDICTED)
    return FALSE;
  memset (input, 0, sizeof *input);
  input->kind = PF_INPUT_PEN;
  input->code = sample->tool == 1 ? PF_PEN_ERASER : PF_PEN_TIP;
  input->state = sample->state & PF_PEN_TOUCHING   ? PF_INPUT_DOWN
                 : sample->state & PF_PEN_IN_RANGE ? PF_INPUT_MOVE
                                                   : PF_INPUT_CANCEL;
  input->x = sample->x;
  input->y = sample->y;
  input->pressure = sample->pressure / 65535.;
  input->buttons = (sample->state & PF_PEN_BARREL_1 ? 1 : 0) |
                   (sample->state & PF_PEN_BARREL_2 ? 2 : 0);
  return TRUE;
}

/* ---- To the client ------------------------------------------------------ */

typedef struct {
  const gchar *name;
  PfHidOutKind kind;
} Kind;

static const Kind kinds[] = {
  { "led", PF_HID_LED },
  { "player-leds", PF_HID_PLAYER_LEDS },
  { "trigger", PF_HID_TRIGGER },
  { "haptic", PF_HID_HAPTIC },
  { "report", PF_HID_RAW },
};

static GstStructure *
make_feedback (const gchar *kind, guint pad)
{
  return gst_structure_new (PF_GAMEPAD_FEEDBACK, "kind", G_TYPE_STRING, kind,
      "pad", G_TYPE_UINT, pad, NULL);
}

static GstStructure *
from_rumble (const PfMsgRumble *r)
{
  GstStructure *s = make_feedback ("rumble", r->pad);

  gst_structure_set (s, "low", G_TYPE_UINT, r->low, "high", G_TYPE_UINT,
      r->high, "left-trigger", G_TYPE_UINT, r->left_trigger, "right-trigger",
      G_TYPE_UINT, r->right_trigger, NULL);
  if (r->version >= 2)
    gst_structure_set (
        s, "seq", G_TYPE_UINT, r->seq, "ttl-ms", G_TYPE_UINT, r->ttl_ms, NULL);
  return s;
}

static GstStructure *
from_hid (const PfMsgHidOut *h)
{
  GstStructure *s;

  switch (h->kind) {
  case PF_HID_LED:
    s = make_feedback ("led", h->led.pad);
    gst_structure_set (s, "red", G_TYPE_UINT, h->led.red, "green", G_TYPE_UINT,
        h->led.green, "blue", G_TYPE_UINT, h->led.blue, NULL);
    return s;
  case PF_HID_PLAYER_LEDS:
    s = make_feedback ("player-leds", h->player_leds.pad);
    gst_structure_set (s, "bits", G_TYPE_UINT, h->player_leds.bits, NULL);
    return s;
  case PF_HID_TRIGGER:
    s = make_feedback ("trigger", h->trigger.pad);
    gst_structure_set (s, "which", G_TYPE_UINT, h->trigger.which, NULL);
    set_bytes (s, "effect", &h->trigger.effect);
    return s;
  case PF_HID_HAPTIC:
    s = make_feedback ("haptic", h->haptic.pad);
    gst_structure_set (s, "side", G_TYPE_UINT, h->haptic.side, "amplitude",
        G_TYPE_UINT, h->haptic.amplitude, "period", G_TYPE_UINT,
        h->haptic.period, "count", G_TYPE_UINT, h->haptic.count, NULL);
    return s;
  case PF_HID_RAW:
    s = make_feedback ("report", h->raw.pad);
    gst_structure_set (s, "which", G_TYPE_UINT, h->raw.kind, NULL);
    set_bytes (s, "report", &h->raw.report);
    return s;
  default:
    return NULL;
  }
}

GstStructure *
pf_pads_from_feedback (const PfMsgDatagram *d)
{
  if (d->tag == PF_DGRAM_RUMBLE)
    return from_rumble (&d->rumble);
  return d->tag == PF_DGRAM_HID_OUT ? from_hid (&d->hid_out) : NULL;
}

/* 0 if it misses. */
static guint
field (const GstStructure *s, const gchar *name, guint most)
{
  guint value = 0;

  gst_structure_get_uint (s, name, &value);
  return MIN (value, most);
}

static void
to_rumble (const GstStructure *s, guint pad, PfMsgRumble *r)
{
  *r = (PfMsgRumble){ .version = 1, .pad = (guint16) pad };
  r->low = (guint16) field (s, "low", G_MAXUINT16);
  r->high = (guint16) field (s, "high", G_MAXUINT16);
  r->left_trigger = (guint16) field (s, "left-trigger", G_MAXUINT16);
  r->right_trigger = (guint16) field (s, "right-trigger", G_MAXUINT16);
  if (gst_structure_has_field (s, "seq")) {
    r->version = r->left_trigger || r->right_trigger ? 3 : 2;
    r->seq = (guint8) field (s, "seq", G_MAXUINT8);
    r->ttl_ms = (guint16) field (s, "ttl-ms", G_MAXUINT16);
  }
}

static gboolean
to_bytes (const GstStructure *s, const gchar *name, gsize most, PfMsgSpan *span)
{
  const GValue *value = gst_structure_get_value (s, name);
  GBytes *bytes = value && G_VALUE_HOLDS (value, G_TYPE_BYTES)
                      ? g_value_get_boxed (value)
                      : NULL;
  gsize size = 0;

  if (bytes)
    span->data = g_bytes_get_data (bytes, &size);
  span->size = size;
  return bytes && size > 0 && size <= most;
}

static gboolean
to_hid (const GstStructure *s, guint number, PfHidOutKind kind, PfMsgHidOut *h)
{
  const guint8 pad = (guint8) number;

  *h = (PfMsgHidOut){ .kind = kind };
  switch (kind) {
  case PF_HID_LED:
    h->led = (PfMsgHidLed){ pad, (guint8) field (s, "red", 255),
      (guint8) field (s, "green", 255), (guint8) field (s, "blue", 255) };
    return TRUE;
  case PF_HID_PLAYER_LEDS:
    h->player_leds =
        (PfMsgHidPlayerLeds){ pad, (guint8) field (s, "bits", 255) };
    return TRUE;
  case PF_HID_TRIGGER:
    h->trigger.pad = pad;
    h->trigger.which = (guint8) field (s, "which", 1);
    return to_bytes (s, "effect", PF_HID_EFFECT_MAX, &h->trigger.effect);
  case PF_HID_HAPTIC:
    h->haptic = (PfMsgHidHaptic){ pad, (guint8) field (s, "side", 1),
      (guint16) field (s, "amplitude", G_MAXUINT16),
      (guint16) field (s, "period", G_MAXUINT16),
      (guint16) field (s, "count", G_MAXUINT16) };
    return TRUE;
  case PF_HID_RAW:
    h->raw.pad = pad;
    h->raw.kind = (guint8) field (s, "which", 1);
    return to_bytes (s, "report", PF_HID_REPORT_MAX, &h->raw.report);
  default:
    return FALSE;
  }
}

gboolean
pf_pads_to_feedback (const GstStructure *s, PfMsgDatagram *d)
{
  const gchar *kind = gst_structure_get_string (s, "kind");
  const guint pad = field (s, "pad", G_MAXUINT16);

  if (!kind || pad >= PF_PADS_MAX)
    return FALSE;
  memset (d, 0, sizeof *d);
  if (g_str_equal (kind, "rumble")) {
    d->tag = PF_DGRAM_RUMBLE;
    to_rumble (s, pad, &d->rumble);
    return TRUE;
  }
  d->tag = PF_DGRAM_HID_OUT;
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kind, kinds[i].name))
      return to_hid (s, pad, kinds[i].kind, &d->hid_out);
  return FALSE;
}
