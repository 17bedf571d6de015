/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What pf-host pair asks a running host; see requests.h. */
#include "requests.h"

#include "pf-conf.h"
#include "pf-report.h"

#include "pf-arming.h"

#include <string.h>

#define MAX_WORDS 6
#define CEREMONY_S 70 /* the client's time, and a little */
#define GUEST_S 190   /* GameStream's: three requests of a minute each */

typedef struct {
  PfTrust *trust;
  PfAdminCall *call;
  gchar **words; /* behind "pair" and the command */
  guint n;
} Request;

/* ---- Answers ------------------------------------------------------------- */

static JsonBuilder *
begin (void)
{
  JsonBuilder *b = json_builder_new ();

  json_builder_begin_object (b);
  return b;
}

static void
end (PfAdminCall *call, JsonBuilder *b)
{
  json_builder_end_object (b);
  pf_admin_reply (call, pf_report_line (b));
  g_object_unref (b);
}

static void
answer_error (PfAdminCall *call, const gchar *text)
{
  JsonBuilder *b = begin ();

  pf_report_add_text (b, "error", text);
  end (call, b);
}

static void
answer_result (PfAdminCall *call, gboolean good, const GError *error)
{
  JsonBuilder *b = begin ();

  pf_report_add_text (b, "error", good ? NULL : error->message);
  end (call, b);
}

/* The ceremony's result, and nothing before it, is the answer. */
static void
on_outcome (gpointer user, const PfPairOutcome *o)
{
  JsonBuilder *b = begin ();

  pf_report_add_bool (b, "paired", o->paired);
  pf_report_add_text (b, "name", o->name);
  pf_report_add_text (b, "fingerprint", o->fingerprint);
  pf_report_add_text (b, "peer", o->peer);
  pf_report_add_bool (b, "kept", o->kept);
  pf_report_add_text (b, "pin", o->pin);
  if (o->pin)
    pf_report_add_uint (b, "serial", o->serial);
  if (!o->paired)
    pf_report_add_text (b, "error", o->reason ? o->reason : "it failed");
  end (user, b);
}

static void
on_gone (PfAdminCall *call, gpointer user)
{
  pf_trust_forget (user, call);
}

/* ---- Requests ------------------------------------------------------------ */

static gboolean
read_number (const gchar *text, guint64 *number)
{
  return g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT, number, NULL);
}

/* arm SECONDS [PIN [FINGERPRINT]]; "-" is nothing */
static void
do_arm (Request *r)
{
  const gchar *pin = r->n > 1 && *r->words[1] != '-' ? r->words[1] : NULL;
  const gchar *device = r->n > 2 && *r->words[2] != '-' ? r->words[2] : NULL;
  g_autoptr (GError) error = NULL;
  guint64 seconds = PF_ARMING_S_DEFAULT;
  guint serial, left;
  JsonBuilder *b;

  if (r->n > 0 && !read_number (r->words[0], &seconds)) {
    answer_error (r->call, "a PIN counts for 15 to 600 seconds");
    return;
  }
  if (!pf_trust_arm (r->trust, pin, (guint) seconds, device, &error)) {
    answer_error (r->call, error->message);
    return;
  }
  b = begin ();
  pf_report_add_text (b, "pin", pf_trust_pin (r->trust, &serial, &left));
  pf_report_add_uint (b, "serial", serial);
  pf_report_add_uint (b, "seconds", left);
  end (r->call, b);
}

static void
do_disarm (Request *r)
{
  pf_trust_disarm (r->trust);
  end (r->call, begin ());
}

/* wait SERIAL */
static void
do_wait (Request *r)
{
  guint64 serial = 0;

  if (r->n < 1 || !read_number (r->words[0], &serial)) {
    answer_error (r->call, "which PIN?");
    return;
  }
  pf_admin_wait (r->call, PF_ARMING_S_MAX + CEREMONY_S, on_gone, r->trust);
  pf_trust_watch (r->trust, (guint) serial, on_outcome, r->call);
}

static void
add_device (JsonBuilder *b, const PfDevice *d, const gchar *protocol)
{
  g_autofree gchar *grants = pf_grants_to_string (d->grants);

  json_builder_begin_object (b);
  pf_report_add_text (b, "name", d->name);
  pf_report_add_text (b, "fingerprint", d->fingerprint);
  pf_report_add_text (b, "protocol", protocol);
  pf_report_add_text (b, "may", grants);
  if (d->expires)
    pf_report_add_uint (b, "expires", (guint64) d->expires);
  json_builder_end_object (b);
}

static void
add_pending (JsonBuilder *b, const PfPending *p)
{
  json_builder_begin_object (b);
  pf_report_add_uint (b, "number", p->number);
  pf_report_add_text (b, "name", p->name);
  pf_report_add_text (b, "fingerprint", p->fingerprint);
  pf_report_add_text (b, "peer", p->peer);
  pf_report_add_bool (b, "digits", p->ceremony != 0);
  pf_report_add_bool (b, "knocks", p->knock != 0);
  pf_report_add_text (b, "protocol", p->guest ? "gamestream" : "punktfunk1");
  pf_report_add_uint (b, "seconds",
      (guint64) (g_get_monotonic_time () - p->since_us) / G_USEC_PER_SEC);
  json_builder_end_object (b);
}

static void
add_devices (JsonBuilder *b, PfDevices *devices, const gchar *protocol)
{
  g_autoptr (GPtrArray) list = pf_devices_list (devices);

  for (guint i = 0; i < list->len; i++)
    add_device (b, g_ptr_array_index (list, i), protocol);
}

static void
do_list (Request *r)
{
  PfDevices *guests = pf_trust_guest_devices (r->trust);
  const PfPending *p = NULL;
  JsonBuilder *b = begin ();
  guint serial, left = 0;

  json_builder_set_member_name (b, "devices");
  json_builder_begin_array (b);
  add_devices (b, pf_trust_devices (r->trust), "punktfunk1");
  if (guests)
    add_devices (b, guests, "gamestream");
  json_builder_end_array (b);
  json_builder_set_member_name (b, "pending");
  json_builder_begin_array (b);
  while ((p = pf_trust_next_pending (r->trust, p ? p->number : 0)))
    add_pending (b, p);
  json_builder_end_array (b);
  pf_report_add_bool (
      b, "armed", pf_trust_pin (r->trust, &serial, &left) != NULL);
  pf_report_add_uint (b, "seconds", left);
  end (r->call, b);
}

/* The one that waits, if there is no choice: a number is not guessed. */
static guint
which (Request *r, gboolean digits, GError **error)
{
  const PfPending *p = NULL;
  guint found = 0, n = 0;
  guint64 number = 0;

  if (r->n > 0 && *r->words[0] != '-') {
    if (read_number (r->words[0], &number))
      return (guint) number;
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE,
        "%s is no number of a device that waits", r->words[0]);
    return 0;
  }
  while ((p = pf_trust_next_pending (r->trust, p ? p->number : 0)))
    if (digits ? p->ceremony != 0 : TRUE) {
      found = p->number;
      n++;
    }
  if (n != 1)
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE,
        n == 0 ? "nobody waits" : "%u devices wait: name the number", n);
  return n == 1 ? found : 0;
}

static gboolean
is_guest (Request *r, guint number)
{
  const PfPending *p = pf_trust_find_pending (r->trust, number);

  return p && p->guest;
}

/* approve NUMBER|- [PIN] */
static void
do_approve (Request *r)
{
  const gchar *pin = r->n > 1 && *r->words[1] != '-' ? r->words[1] : NULL;
  g_autoptr (GError) error = NULL;
  const guint number = which (r, pin != NULL, &error);

  if (number && pin) {
    pf_admin_wait (r->call, is_guest (r, number) ? GUEST_S : CEREMONY_S,
        on_gone, r->trust);
    if (pf_trust_pair (r->trust, number, pin, on_outcome, r->call, &error))
      return;
  } else if (number && pf_trust_approve (r->trust, number, &error)) {
    end (r->call, begin ());
    return;
  }
  answer_error (r->call, error->message);
}

/* deny NUMBER|- */
static void
do_deny (Request *r)
{
  g_autoptr (GError) error = NULL;
  const guint number = which (r, FALSE, &error);
  const gboolean good = number && pf_trust_deny (r->trust, number, &error);

  answer_result (r->call, good, error);
}

static PfDevice *
need_device (Request *r, GError **error)
{
  if (r->n > 0)
    return pf_trust_guess (r->trust, r->words[0], error);
  g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE,
      "name a device: its name, or its fingerprint's beginning");
  return NULL;
}

/* remove DEVICE */
static void
do_remove (Request *r)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PfDevice) d = need_device (r, &error);
  const gboolean good = d && pf_trust_remove (r->trust, d->fingerprint, &error);

  if (good)
    g_print ("%s (%.8s) is no longer paired\n", d->name, d->fingerprint);
  answer_result (r->call, good, error);
}

/* rename DEVICE NAME */
static void
do_rename (Request *r)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PfDevice) d = need_device (r, &error);
  const gboolean good =
      d && r->n > 1 &&
      pf_trust_rename (r->trust, d->fingerprint, r->words[1], &error);

  if (!good && !error)
    g_set_error (
        &error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE, "name the new name");
  answer_result (r->call, good, error);
}

gboolean
pf_expiry_parse (const gchar *text, gint64 *expires)
{
  static const struct {
    gchar letter;
    gint64 seconds;
  } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
  const gsize n = strlen (text);
  g_autofree gchar *digits = NULL;
  guint64 number;

  if (g_str_equal (text, "never")) {
    *expires = 0;
    return TRUE;
  }
  if (n < 2)
    return FALSE;
  digits = g_strndup (text, n - 1);
  if (!g_ascii_string_to_unsigned (digits, 10, 1, 1000000, &number, NULL))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (units[i].letter == text[n - 1]) {
      *expires = g_get_real_time () / G_USEC_PER_SEC +
                 (gint64) number * units[i].seconds;
      return TRUE;
    }
  return FALSE;
}

/* grant DEVICE RIGHTS|- [EXPIRY] */
static void
do_grant (Request *r)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PfDevice) d = need_device (r, &error);
  guint32 grants = d ? d->grants : 0;
  gint64 expires = d ? d->expires : 0;
  gboolean good = d && r->n > 1;

  if (good && *r->words[1] != '-')
    good = pf_grants_parse (r->words[1], &grants);
  if (good && r->n > 2)
    good = pf_expiry_parse (r->words[2], &expires);
  if (!good && !error)
    g_set_error (&error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE,
        "rights are view, pointer, keyboard, gamepad, clipboard, mic, launch "
        "or all, with commas between; an expiry is 30m, 8h, 7d or never");
  if (good)
    good = pf_trust_grant (r->trust, d->fingerprint, grants, expires, &error);
  answer_result (r->call, good, error);
}

static const struct {
  const gchar *name;
  void (*run) (Request *r);
} commands[] = {
  { "approve", do_approve },
  { "arm", do_arm },
  { "deny", do_deny },
  { "disarm", do_disarm },
  { "grant", do_grant },
  { "list", do_list },
  { "remove", do_remove },
  { "rename", do_rename },
  { "wait", do_wait },
};

gboolean
pf_requests_answer (PfTrust *trust, PfAdminCall *call, const gchar *request)
{
  g_auto (GStrv) words = g_strsplit (request, "\t", MAX_WORDS);
  const guint n = g_strv_length (words);
  Request r = { trust, call, words + 2, n - 2 };

  if (n < 2 || !g_str_equal (words[0], "pair"))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (words[1], commands[i].name)) {
      commands[i].run (&r);
      return TRUE;
    }
  return FALSE;
}
