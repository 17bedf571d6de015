/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Feedback for gamepads; see pf-gs-feedback.h. */
#include "pf-gs-feedback.h"

#include <string.h>

#include "pf-msg-input.h"
#include "pf-pads.h"

#define RIGHT_TRIGGER 4
#define LEFT_TRIGGER 8

/* 0 if it misses. */
static guint
field (const GstStructure *s, const gchar *name, guint most)
{
  guint value = 0;

  gst_structure_get_uint (s, name, &value);
  return MIN (value, most);
}

static guint16
field16 (const GstStructure *s, const gchar *name)
{
  return (guint16) field (s, name, G_MAXUINT16);
}

static guint8
field8 (const GstStructure *s, const gchar *name)
{
  return (guint8) field (s, name, G_MAXUINT8);
}

/* Motors, and those in the triggers where somebody speaks of them. */
static guint
read_rumble (const GstStructure *s, guint16 pad, PfGsMsg *m)
{
  m[0].kind = PF_GS_MSG_RUMBLE;
  m[0].rumble.pad = pad;
  m[0].rumble.low = field16 (s, "low");
  m[0].rumble.high = field16 (s, "high");
  if (!gst_structure_has_field (s, "left-trigger") &&
      !gst_structure_has_field (s, "right-trigger"))
    return 1;
  m[1].kind = PF_GS_MSG_TRIGGER_RUMBLE;
  m[1].trigger_rumble.pad = pad;
  m[1].trigger_rumble.left = field16 (s, "left-trigger");
  m[1].trigger_rumble.right = field16 (s, "right-trigger");
  return 2;
}

/* The first byte of an effect says of what kind it is. */
static guint
read_trigger (const GstStructure *s, guint16 pad, PfGsMsg *m)
{
  const GValue *value = gst_structure_get_value (s, "effect");
  const gboolean right = field (s, "which", 1) == 1;
  gsize size = 0;
  const guint8 *bytes;

  if (!value || !G_VALUE_HOLDS (value, G_TYPE_BYTES))
    return 0;
  bytes = g_bytes_get_data (g_value_get_boxed (value), &size);
  if (size < 1 || size > 1 + sizeof m->triggers.left)
    return 0;
  m->kind = PF_GS_MSG_TRIGGERS;
  m->triggers.pad = pad;
  m->triggers.flags = right ? RIGHT_TRIGGER : LEFT_TRIGGER;
  if (right)
    m->triggers.right_type = bytes[0];
  else
    m->triggers.left_type = bytes[0];
  memcpy (right ? m->triggers.right : m->triggers.left, bytes + 1, size - 1);
  return 1;
}

guint
pf_gs_feedback_read (
    const GstStructure *s, PfGsMsg messages[PF_GS_FEEDBACK_MAX])
{
  const gchar *kind = gst_structure_get_string (s, "kind");
  const guint16 pad = field16 (s, "pad");
  PfGsMsg *m = messages;

  memset (messages, 0, PF_GS_FEEDBACK_MAX * sizeof *messages);
  if (!gst_structure_has_name (s, PF_GAMEPAD_FEEDBACK) || !kind ||
      pad >= PF_PADS_MAX)
    return 0;
  if (g_str_equal (kind, "rumble"))
    return read_rumble (s, pad, m);
  if (g_str_equal (kind, "trigger"))
    return read_trigger (s, pad, m);
  if (g_str_equal (kind, "led")) {
    m->kind = PF_GS_MSG_LED;
    m->led.pad = pad;
    m->led.red = field8 (s, "red");
    m->led.green = field8 (s, "green");
    m->led.blue = field8 (s, "blue");
    return 1;
  }
  if (g_str_equal (kind, "motion-rate")) {
    m->kind = PF_GS_MSG_MOTION_RATE;
    m->motion_rate.pad = pad;
    m->motion_rate.hz = field16 (s, "hz");
    m->motion_rate.sensor = (guint8) (field (s, "sensor", 1) + 1);
    return 1;
  }
  return 0;
}
