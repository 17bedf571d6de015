/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The actions that files may ask for; each does what gst-validate's action of
 * that name does, with the fields that are listed and no others.
 */
#include "pf-run.h"

#include <string.h>

#define CANNOT "scenario::execution-error"
#define DIFFERS "scenario::check-error"

const gchar *const pf_action_fields[] = { "playback-time", "on-message", "name",
  NULL };

/* ---- Elements and properties -------------------------------------------- */

static GObject *
find_named (PfRun *run, const gchar *name)
{
  GstElement *element =
      name ? gst_bin_get_by_name (GST_BIN (run->pipeline), name) : NULL;

  if (!element)
    pf_run_fail (run, CANNOT, "there is no element %s", name ? name : "named");
  return (GObject *) element;
}

static GObject *
find_target (PfRun *run, const GstStructure *s)
{
  return find_named (run, gst_structure_get_string (s, "target-element-name"));
}

/* ELEMENT::PROPERTY or ELEMENT.PAD::PROPERTY. */
static GObject *
find_by_path (PfRun *run, const gchar *path, const gchar **property)
{
  const gchar *colons = strstr (path, "::");
  gchar *name, *pad;
  GObject *object;

  if (!colons) {
    pf_run_fail (run, CANNOT, "%s is not ELEMENT::PROPERTY", path);
    return NULL;
  }
  *property = colons + 2;
  name = g_strndup (path, (gsize) (colons - path));
  pad = strchr (name, '.');
  if (pad)
    *pad++ = '\0';
  object = find_named (run, name);
  if (object && pad) {
    GObject *found =
        (GObject *) gst_element_get_static_pad (GST_ELEMENT (object), pad);

    if (!found)
      pf_run_fail (run, CANNOT, "%s has no pad %s", name, pad);
    g_object_unref (object);
    object = found;
  }
  g_free (name);
  return object;
}

static GParamSpec *
find_property (PfRun *run, GObject *object, const gchar *name)
{
  GParamSpec *pspec =
      name ? g_object_class_find_property (G_OBJECT_GET_CLASS (object), name)
           : NULL;

  if (!pspec)
    pf_run_fail (run, CANNOT, "%s has no property %s", GST_OBJECT_NAME (object),
        name ? name : "named");
  return pspec;
}

static void
check_value (
    PfRun *run, GObject *object, const gchar *name, const GValue *expected)
{
  GParamSpec *pspec = find_property (run, object, name);
  GValue value = G_VALUE_INIT;
  gchar *seen, *wanted;

  if (!pspec)
    return;
  if (!(pspec->flags & G_PARAM_READABLE) ||
      !g_value_type_transformable (
          pspec->value_type, G_VALUE_TYPE (expected))) {
    pf_run_fail (run, CANNOT, "%s::%s cannot be read as %s",
        GST_OBJECT_NAME (object), name, G_VALUE_TYPE_NAME (expected));
    return;
  }
  g_value_init (&value, G_VALUE_TYPE (expected));
  g_object_get_property (object, name, &value);
  if (gst_value_compare (&value, expected) != GST_VALUE_EQUAL) {
    seen = gst_value_serialize (&value);
    wanted = gst_value_serialize (expected);
    pf_run_fail (run, DIFFERS, "%s::%s is %s, expected is %s",
        GST_OBJECT_NAME (object), name, seen, wanted);
    g_free (seen);
    g_free (wanted);
  }
  g_value_unset (&value);
}

static void
set_value (PfRun *run, GObject *object, const gchar *name, const GValue *wanted)
{
  GParamSpec *pspec = find_property (run, object, name);
  GValue value = G_VALUE_INIT;
  gboolean ok;

  if (!pspec)
    return;
  g_value_init (&value, pspec->value_type);
  if (G_VALUE_HOLDS_STRING (wanted) && !G_VALUE_HOLDS_STRING (&value))
    ok = gst_value_deserialize (&value, g_value_get_string (wanted));
  else
    ok = g_value_transform (wanted, &value);
  if (ok && (pspec->flags & G_PARAM_WRITABLE) &&
      !g_param_value_validate (pspec, &value))
    g_object_set_property (object, name, &value);
  else
    pf_run_fail (run, CANNOT, "%s::%s cannot have this value",
        GST_OBJECT_NAME (object), name);
  g_value_unset (&value);
}

typedef void (*ValueFunc) (
    PfRun *run, GObject *object, const gchar *name, const GValue *value);

static void
with_one (PfRun *run, const GstStructure *s, ValueFunc func)
{
  const gchar *name = gst_structure_get_string (s, "property-name");
  const GValue *value = gst_structure_get_value (s, "property-value");
  GObject *object = find_target (run, s);

  if (object && value)
    func (run, object, name, value);
  else if (object)
    pf_run_fail (run, CANNOT, "property-value is missing");
  g_clear_object (&object);
}

static void
with_many (PfRun *run, const GstStructure *s, ValueFunc func)
{
  for (gint i = 0; i < gst_structure_n_fields (s); i++) {
    const gchar *path = gst_structure_nth_field_name (s, i);
    const gchar *property;
    GObject *object;

    if (g_strv_contains (pf_action_fields, path))
      continue;
    object = find_by_path (run, path, &property);
    if (object)
      func (run, object, property, gst_structure_get_value (s, path));
    g_clear_object (&object);
  }
}

static void
check_property (PfRun *run, const GstStructure *s)
{
  with_one (run, s, check_value);
}

static void
check_properties (PfRun *run, const GstStructure *s)
{
  with_many (run, s, check_value);
}

static void
set_property (PfRun *run, const GstStructure *s)
{
  with_one (run, s, set_value);
}

static void
set_properties (PfRun *run, const GstStructure *s)
{
  with_many (run, s, set_value);
}

/* ---- Caps --------------------------------------------------------------- */

static void
check_pad_caps (PfRun *run, const GstStructure *s)
{
  const GValue *value = gst_structure_get_value (s, "expected-caps");
  const gchar *name = gst_structure_get_string (s, "pad");
  const gchar *how = gst_structure_get_string (s, "comparison-type");
  GObject *element = find_target (run, s);
  GstPad *pad = element && name
                    ? gst_element_get_static_pad (GST_ELEMENT (element), name)
                    : NULL;
  GstCaps *caps = pad ? gst_pad_get_current_caps (pad) : NULL;
  GstCaps *expected = NULL;
  gchar *text;

  if (value && GST_VALUE_HOLDS_CAPS (value))
    expected = gst_caps_ref ((GstCaps *) gst_value_get_caps (value));
  else if (value && GST_VALUE_HOLDS_STRUCTURE (value))
    expected = gst_caps_new_full (
        gst_structure_copy (gst_value_get_structure (value)), NULL);
  if (!element)
    goto out;
  text = gst_caps_to_string (caps);
  if (!pad || !expected)
    pf_run_fail (run, CANNOT, "%s needs a pad and expected-caps", name);
  else if (!caps || !(g_strcmp0 (how, "equal") == 0
                            ? gst_caps_is_equal (caps, expected)
                            : gst_caps_can_intersect (caps, expected)))
    pf_run_fail (run, DIFFERS, "the caps of %s are %s", name, text);
  g_free (text);
out:
  gst_clear_caps (&expected);
  gst_clear_caps (&caps);
  gst_clear_object (&pad);
  g_clear_object (&element);
}

/* ---- States, waiting and the end ---------------------------------------- */

static void
play (PfRun *run, const GstStructure *s)
{
  (void) s;
  pf_run_set_state (run, GST_STATE_PLAYING);
}

static void
pause_it (PfRun *run, const GstStructure *s)
{
  (void) s;
  pf_run_set_state (run, GST_STATE_PAUSED);
}

static void
set_state (PfRun *run, const GstStructure *s)
{
  const gchar *name = gst_structure_get_string (s, "state");
  GValue state = G_VALUE_INIT;

  g_value_init (&state, GST_TYPE_STATE);
  if (name && gst_value_deserialize (&state, name))
    pf_run_set_state (run, (GstState) g_value_get_enum (&state));
  else
    pf_run_fail (run, CANNOT, "there is no state %s", name ? name : "named");
  g_value_unset (&state);
}

static void
stop (PfRun *run, const GstStructure *s)
{
  (void) s;
  pf_run_end (run);
}

static void
eos (PfRun *run, const GstStructure *s)
{
  (void) s;
  if (!gst_element_send_event (run->pipeline, gst_event_new_eos ()))
    pf_run_fail (run, CANNOT, "nothing took the EOS event");
}

static void
seek (PfRun *run, const GstStructure *s)
{
  const gchar *text = gst_structure_get_string (s, "flags");
  GValue flags = G_VALUE_INIT;
  GstClockTime start;
  gboolean valid;

  g_value_init (&flags, GST_TYPE_SEEK_FLAGS);
  if (!text || !gst_value_deserialize (&flags, text) ||
      !pf_script_time (s, "start", &start, &valid))
    pf_run_fail (run, CANNOT, "seek needs start and flags");
  else if (gst_element_seek (run->pipeline, 1.0, GST_FORMAT_TIME,
               (GstSeekFlags) g_value_get_flags (&flags), GST_SEEK_TYPE_SET,
               (gint64) start, GST_SEEK_TYPE_NONE, -1))
    run->wait = PF_WAIT_STATE;
  else
    pf_run_fail (run, CANNOT, "the pipeline does not seek");
  g_value_unset (&flags);
}

static void
on_signal (PfRun *run)
{
  g_atomic_int_set (&run->signalled, 1);
}

static gboolean
has_signal (PfRun *run, GObject *object, const gchar *name, guint *id)
{
  *id = g_signal_lookup (name, G_OBJECT_TYPE (object));
  if (!*id)
    pf_run_fail (
        run, CANNOT, "%s has no signal %s", GST_OBJECT_NAME (object), name);
  return *id != 0;
}

static void
wait_for_signal (PfRun *run, const GstStructure *s, const gchar *name)
{
  GObject *object = find_target (run, s);
  guint id;

  if (!object)
    return;
  if (has_signal (run, object, name, &id)) {
    g_atomic_int_set (&run->signalled, 0);
    run->wait_object = g_object_ref (object);
    run->wait_handler =
        g_signal_connect_swapped (object, name, G_CALLBACK (on_signal), run);
    run->wait = PF_WAIT_SIGNAL;
  }
  g_object_unref (object);
}

static void
wait (PfRun *run, const GstStructure *s)
{
  const gchar *signal_name = gst_structure_get_string (s, "signal-name");
  const gchar *message = gst_structure_get_string (s, "message-type");
  GstClockTime duration;
  gboolean valid;

  if (signal_name) {
    wait_for_signal (run, s, signal_name);
  } else if (message) {
    run->wait_type = message;
    run->wait = PF_WAIT_MESSAGE;
  } else if (pf_script_time (s, "duration", &duration, &valid)) {
    run->wait_until = g_get_monotonic_time () + (gint64) (duration / 1000);
    run->wait = PF_WAIT_TIME;
  } else {
    pf_run_fail (
        run, CANNOT, "wait needs duration, message-type or signal-name");
  }
}

static void
emit_signal (PfRun *run, const GstStructure *s)
{
  const gchar *name = gst_structure_get_string (s, "signal-name");
  GObject *object = find_target (run, s);
  GSignalQuery query;
  guint id;

  if (object && name && has_signal (run, object, name, &id)) {
    g_signal_query (id, &query);
    if (query.n_params == 0 && query.return_type == G_TYPE_NONE)
      g_signal_emit (object, id, 0);
    else
      pf_run_fail (run, CANNOT, "%s takes or returns something", name);
  } else if (object && !name) {
    pf_run_fail (run, CANNOT, "signal-name is missing");
  }
  g_clear_object (&object);
}

/* ---- All of them -------------------------------------------------------- */

static const gchar *const no_fields[] = { NULL };
static const gchar *const state_fields[] = { "state", NULL };
static const gchar *const seek_fields[] = { "start", "flags", NULL };
static const gchar *const wait_fields[] = { "duration", "message-type",
  "signal-name", "target-element-name", NULL };
static const gchar *const property_fields[] = { "target-element-name",
  "property-name", "property-value", NULL };
static const gchar *const caps_fields[] = { "target-element-name", "pad",
  "expected-caps", "comparison-type", NULL };
static const gchar *const signal_fields[] = { "target-element-name",
  "signal-name", NULL };

const PfActionType *
pf_action_find (const gchar *name)
{
  static const PfActionType types[] = {
    { "play", play, no_fields },
    { "pause", pause_it, no_fields },
    { "set-state", set_state, state_fields },
    { "stop", stop, no_fields },
    { "eos", eos, no_fields },
    { "seek", seek, seek_fields },
    { "wait", wait, wait_fields },
    { "set-property", set_property, property_fields },
    { "set-properties", set_properties, NULL },
    { "check-property", check_property, property_fields },
    { "check-properties", check_properties, NULL },
    { "check-current-pad-caps", check_pad_caps, caps_fields },
    { "emit-signal", emit_signal, signal_fields },
  };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (strcmp (types[i].name, name) == 0)
      return &types[i];
  return NULL;
}
