/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The paired devices; see devices.h. */
#include "devices.h"

#include "pf-conf.h"
#include "pf-store.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define CLIENTS "clients"
#define MAX_DEVICES 1000
#define PREFIX_MIN 8

static const struct {
  guint32 bit;
  const gchar *name;
} rights[] = {
  { PF_MAY_POINTER, "pointer" },
  { PF_MAY_KEYBOARD, "keyboard" },
  { PF_MAY_GAMEPAD, "gamepad" },
  { PF_MAY_CLIPBOARD, "clipboard" },
  { PF_MAY_MIC, "mic" },
  { PF_MAY_LAUNCH, "launch" },
};

struct _PfDevices {
  gchar *path; /* constant */
  GMutex lock;
  /* lock */
  JsonObject *root;
  struct stat seen; /* the file that it is from; zeros: there was none */
};

/* ---- Rights -------------------------------------------------------------- */

gchar *
pf_grants_to_string (guint32 grants)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rights); i++)
    if (grants & rights[i].bit)
      g_string_append_printf (
          text, "%s%s", text->len ? ", " : "", rights[i].name);
  if (text->len == 0)
    g_string_append (text, "watch only");
  return g_string_free (text, FALSE);
}

static gboolean
parse_right (const gchar *word, guint32 *bits)
{
  if (g_str_equal (word, "view"))
    return TRUE;
  if (g_str_equal (word, "all")) {
    *bits |= PF_MAY_ALL;
    return TRUE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (rights); i++)
    if (g_str_equal (word, rights[i].name)) {
      *bits |= rights[i].bit;
      return TRUE;
    }
  return FALSE;
}

gboolean
pf_grants_parse (const gchar *text, guint32 *grants)
{
  g_auto (GStrv) words = g_strsplit (text, ",", 16);
  guint32 bits = 0;

  for (guint i = 0; words[i]; i++)
    if (!parse_right (g_strstrip (words[i]), &bits))
      return FALSE;
  if (!words[0])
    return FALSE;
  *grants = bits;
  return TRUE;
}

void
pf_device_free (PfDevice *d)
{
  if (!d)
    return;
  g_free (d->name);
  g_free (d->fingerprint);
  g_free (d);
}

gboolean
pf_device_is_expired (const PfDevice *d)
{
  return d->expires != 0 && g_get_real_time () / G_USEC_PER_SEC >= d->expires;
}

/* ---- Entries; call with lock --------------------------------------------- */

/* NULL if the member is not there or is of another kind. */
static const gchar *
text_of (JsonObject *o, const gchar *name)
{
  JsonNode *node = json_object_get_member (o, name);

  return node && JSON_NODE_HOLDS_VALUE (node) &&
                 json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

/* FALSE if it is there but no such number: then less is granted, not more. */
static gboolean
number_of (JsonObject *o, const gchar *name, gint64 *value)
{
  JsonNode *node = json_object_get_member (o, name);

  if (!node || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) ||
      json_node_get_value_type (node) != G_TYPE_INT64 ||
      json_node_get_int (node) < 0)
    return FALSE;
  *value = json_node_get_int (node);
  return TRUE;
}

static JsonArray *
clients_of (JsonObject *root)
{
  JsonNode *node = json_object_get_member (root, CLIENTS);

  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node)
                                              : NULL;
}

static JsonObject *
entry_at (JsonArray *clients, guint i)
{
  JsonNode *node = json_array_get_element (clients, i);

  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

/* NULL if the entry is none. */
static PfDevice *
read_entry (JsonObject *o)
{
  g_autofree gchar *fingerprint =
      o ? pf_store_fingerprint (text_of (o, "fingerprint")) : NULL;
  gint64 grants = PF_MAY_ALL, expires = 0, granted = 0;
  PfDevice *d;

  if (!fingerprint)
    return NULL;
  if (!number_of (o, "grants", &grants))
    grants = 0;
  if (!number_of (o, "expires_unix", &expires))
    expires = 1;
  number_of (o, "granted_unix", &granted);
  d = g_new0 (PfDevice, 1);
  d->name = pf_store_clean_name (text_of (o, "name"), fingerprint);
  d->fingerprint = g_steal_pointer (&fingerprint);
  d->grants = (guint32) (grants & PF_MAY_ALL);
  d->expires = expires;
  d->granted = granted;
  return d;
}

/* The first entry of a fingerprint; its index, or -1. */
static gint
find_entry (JsonObject *root, const gchar *fingerprint)
{
  JsonArray *clients = clients_of (root);

  for (guint i = 0; clients && i < json_array_get_length (clients); i++) {
    g_autoptr (PfDevice) d = read_entry (entry_at (clients, i));

    if (d && g_str_equal (d->fingerprint, fingerprint))
      return (gint) i;
  }
  return -1;
}

/* ---- The file; call with lock --------------------------------------------- */

static void
look (PfDevices *s, struct stat *st)
{
  memset (st, 0, sizeof *st);
  if (!s->path || (stat (s->path, st) < 0 && errno == ENOENT))
    memset (st, 0, sizeof *st);
}

static gboolean
is_same (const struct stat *a, const struct stat *b)
{
  return a->st_ino == b->st_ino && a->st_size == b->st_size &&
         a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
         a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Somebody else may have written it: another host of this user, or an editor.
 * What cannot be understood changes nothing. */
static void
refresh (PfDevices *s)
{
  GError *error = NULL;
  JsonObject *root;
  struct stat st;

  look (s, &st);
  if (!s->path || is_same (&st, &s->seen))
    return;
  s->seen = st;
  root = pf_store_load (s->path, &error);
  if (error) {
    g_printerr ("pf-host: %s; what was known before counts\n", error->message);
    g_error_free (error);
    return;
  }
  json_object_unref (s->root);
  s->root = root ? root : json_object_new ();
}

/* ---- Changes ------------------------------------------------------------- */

/* Changes are made in a copy, which takes the place of what was if it could be
 * written. */
static JsonObject *
copy_root (PfDevices *s)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autofree gchar *text = NULL;
  gsize size;

  refresh (s);
  json_node_set_object (node, s->root);
  json_generator_set_root (generator, node);
  text = json_generator_to_data (generator, &size);
  return pf_store_parse (text, size, NULL);
}

/* Call with lock; takes ROOT over. */
static gboolean
commit (PfDevices *s, JsonObject *root, GError **error)
{
  if (!pf_store_save (s->path, root, error)) {
    json_object_unref (root);
    return FALSE;
  }
  json_object_unref (s->root);
  s->root = root;
  look (s, &s->seen);
  return TRUE;
}

static gboolean
no_device (GError **error)
{
  g_set_error (
      error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_NONE, "there is no such device");
  return FALSE;
}

static JsonArray *
need_clients (JsonObject *root)
{
  if (!clients_of (root))
    json_object_set_array_member (root, CLIENTS, json_array_new ());
  return clients_of (root);
}

gboolean
pf_devices_add (PfDevices *s, const gchar *fingerprint, const gchar *name,
    gboolean *kept, GError **error)
{
  g_autofree gchar *clean = pf_store_clean_name (name, fingerprint);
  JsonObject *root, *entry;
  gboolean good;
  gint at;

  g_mutex_lock (&s->lock);
  root = copy_root (s);
  at = find_entry (root, fingerprint);
  *kept = at >= 0;
  if (at < 0) {
    JsonArray *clients = need_clients (root);

    entry = json_object_new ();
    json_object_set_string_member (entry, "fingerprint", fingerprint);
    json_object_set_int_member (entry, "grants", PF_MAY_ALL);
    json_object_set_int_member (
        entry, "granted_unix", g_get_real_time () / G_USEC_PER_SEC);
    json_object_set_string_member (entry, "name", clean);
    json_array_add_object_element (clients, entry);
    if (json_array_get_length (clients) > MAX_DEVICES) {
      g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE,
          "%d devices are paired: remove some", MAX_DEVICES);
      json_object_unref (root);
      g_mutex_unlock (&s->lock);
      return FALSE;
    }
  }
  good = commit (s, root, error);
  g_mutex_unlock (&s->lock);
  return good;
}

gboolean
pf_devices_remove (PfDevices *s, const gchar *fingerprint, GError **error)
{
  gboolean found = FALSE, good = FALSE;
  JsonObject *root;
  gint at;

  g_mutex_lock (&s->lock);
  root = copy_root (s);
  while ((at = find_entry (root, fingerprint)) >= 0) {
    json_array_remove_element (clients_of (root), (guint) at);
    found = TRUE;
  }
  if (found)
    good = commit (s, root, error);
  else
    json_object_unref (root);
  g_mutex_unlock (&s->lock);
  return found ? good : no_device (error);
}

/* Sets what SET sets in the entry of a device. */
static gboolean
change (PfDevices *s, const gchar *fingerprint,
    void (*set) (JsonObject *entry, gconstpointer to), gconstpointer to,
    GError **error)
{
  JsonObject *root;
  gboolean good = FALSE;
  gint at;

  g_mutex_lock (&s->lock);
  root = copy_root (s);
  at = find_entry (root, fingerprint);
  if (at >= 0) {
    set (entry_at (clients_of (root), (guint) at), to);
    good = commit (s, root, error);
  } else {
    json_object_unref (root);
  }
  g_mutex_unlock (&s->lock);
  return at >= 0 ? good : no_device (error);
}

static void
set_name (JsonObject *entry, gconstpointer to)
{
  json_object_set_string_member (entry, "name", to);
}

gboolean
pf_devices_rename (
    PfDevices *s, const gchar *fingerprint, const gchar *name, GError **error)
{
  g_autofree gchar *clean = pf_store_clean_name (name, fingerprint);

  return change (s, fingerprint, set_name, clean, error);
}

static void
set_rights (JsonObject *entry, gconstpointer to)
{
  const PfDevice *d = to;

  json_object_set_int_member (entry, "grants", d->grants);
  if (d->expires)
    json_object_set_int_member (entry, "expires_unix", d->expires);
  else if (json_object_has_member (entry, "expires_unix"))
    json_object_remove_member (entry, "expires_unix");
}

gboolean
pf_devices_grant (PfDevices *s, const gchar *fingerprint, guint32 grants,
    gint64 expires, GError **error)
{
  const PfDevice to = { .grants = grants, .expires = expires };

  return change (s, fingerprint, set_rights, &to, error);
}

/* ---- Reading ------------------------------------------------------------- */

PfDevices *
pf_devices_new (const gchar *path, JsonObject *root, GError **error)
{
  PfDevices *s;

  if (json_object_has_member (root, CLIENTS) && !clients_of (root)) {
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_SYNTAX,
        "%s: \"" CLIENTS "\" is no list", path ? path : "the text");
    json_object_unref (root);
    return NULL;
  }
  s = g_new0 (PfDevices, 1);
  s->path = g_strdup (path);
  g_mutex_init (&s->lock);
  s->root = root;
  look (s, &s->seen);
  return s;
}

PfDevices *
pf_devices_open (const gchar *path, GError **error)
{
  GError *problem = NULL;
  JsonObject *root = pf_store_load (path, &problem);

  if (problem) {
    g_propagate_error (error, problem);
    return NULL;
  }
  return pf_devices_new (path, root ? root : json_object_new (), error);
}

void
pf_devices_free (PfDevices *s)
{
  if (!s)
    return;
  json_object_unref (s->root);
  g_mutex_clear (&s->lock);
  g_free (s->path);
  g_free (s);
}

PfDevice *
pf_devices_find (PfDevices *s, const gchar *fingerprint)
{
  PfDevice *found = NULL;
  gint at;

  g_mutex_lock (&s->lock);
  refresh (s);
  at = find_entry (s->root, fingerprint);
  if (at >= 0)
    found = read_entry (entry_at (clients_of (s->root), (guint) at));
  g_mutex_unlock (&s->lock);
  return found;
}

GPtrArray *
pf_devices_list (PfDevices *s)
{
  GPtrArray *list =
      g_ptr_array_new_with_free_func ((GDestroyNotify) pf_device_free);
  JsonArray *clients;

  g_mutex_lock (&s->lock);
  refresh (s);
  clients = clients_of (s->root);
  for (guint i = 0; clients && i < json_array_get_length (clients); i++) {
    PfDevice *d = read_entry (entry_at (clients, i));

    if (d)
      g_ptr_array_add (list, d);
  }
  g_mutex_unlock (&s->lock);
  return list;
}

guint
pf_devices_n (PfDevices *s)
{
  g_autoptr (GPtrArray) list = pf_devices_list (s);

  return list->len;
}

static gboolean
is_meant (const PfDevice *d, const gchar *text, gsize n)
{
  return g_str_equal (d->name, text) ||
         (n >= PREFIX_MIN &&
             g_ascii_strncasecmp (d->fingerprint, text, n) == 0);
}

PfDevice *
pf_devices_guess (PfDevices *s, const gchar *text, GError **error)
{
  g_autoptr (GPtrArray) list = pf_devices_list (s);
  const gsize n = strlen (text);
  gint found = -1;

  for (guint i = 0; i < list->len; i++) {
    if (!is_meant (g_ptr_array_index (list, i), text, n))
      continue;
    if (found >= 0) {
      g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE,
          "several devices are called %s: name the fingerprint", text);
      return NULL;
    }
    found = (gint) i;
  }
  if (found < 0) {
    no_device (error);
    return NULL;
  }
  return g_ptr_array_steal_index (list, (guint) found);
}
