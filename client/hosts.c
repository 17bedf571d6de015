/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The hosts that this device knows; see hosts.h. */
#include "hosts.h"

#include "pf-conf.h"
#include "pf-store.h"

#define HOSTS "hosts"
#define MAX_HOSTS 1000

gchar *
pf_hosts_dir (const gchar *identity_dir)
{
  return identity_dir ? g_strdup (identity_dir)
                      : g_build_filename (g_get_user_config_dir (),
                            "gst-punktfunk", "client", NULL);
}

static gchar *
file_of (const gchar *dir)
{
  return g_build_filename (dir, "client-known-hosts.json", NULL);
}

static gboolean
set_error (GError **error, const gchar *what)
{
  g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_VALUE, "%s", what);
  return FALSE;
}

/* An empty one if there is no file. */
static JsonObject *
load (const gchar *file, GError **error)
{
  GError *problem = NULL;
  JsonObject *root = pf_store_load (file, &problem);

  if (problem) {
    g_propagate_error (error, problem);
    return NULL;
  }
  if (!root)
    root = json_object_new ();
  if (!json_object_has_member (root, HOSTS))
    json_object_set_array_member (root, HOSTS, json_array_new ());
  if (!JSON_NODE_HOLDS_ARRAY (json_object_get_member (root, HOSTS))) {
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_SYNTAX,
        "%s: \"" HOSTS "\" is no list", file);
    g_clear_pointer (&root, json_object_unref);
  }
  return root;
}

static const gchar *
text_of (JsonObject *o, const gchar *name)
{
  JsonNode *node = json_object_get_member (o, name);

  return node && JSON_NODE_HOLDS_VALUE (node) &&
                 json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

static gint64
port_of (JsonObject *o)
{
  JsonNode *node = json_object_get_member (o, "port");

  return node && JSON_NODE_HOLDS_VALUE (node) &&
                 json_node_get_value_type (node) == G_TYPE_INT64
             ? json_node_get_int (node)
             : 0;
}

/* Its index, or -1. */
static gint
find (JsonArray *hosts, const gchar *address, guint port)
{
  for (guint i = 0; i < json_array_get_length (hosts); i++) {
    JsonNode *node = json_array_get_element (hosts, i);
    JsonObject *o =
        JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;

    if (o && port_of (o) == port &&
        g_strcmp0 (text_of (o, "address"), address) == 0)
      return (gint) i;
  }
  return -1;
}

static gchar *
fingerprint_at (JsonArray *hosts, gint at)
{
  return at < 0 ? NULL
                : pf_store_fingerprint (text_of (
                      json_array_get_object_element (hosts, (guint) at),
                      "fingerprint"));
}

gchar *
pf_hosts_find (
    const gchar *dir, const gchar *address, guint port, GError **error)
{
  g_autofree gchar *file = file_of (dir);
  g_autoptr (JsonObject) root = load (file, error);
  JsonArray *hosts;
  gchar *found;
  gint at;

  if (!root)
    return NULL;
  hosts = json_object_get_array_member (root, HOSTS);
  at = find (hosts, address, port);
  found = fingerprint_at (hosts, at);
  if (at >= 0 && !found)
    set_error (error, "what is known of this host is no fingerprint");
  return found;
}

gboolean
pf_hosts_add (const gchar *dir, const gchar *address, guint port,
    const gchar *fingerprint, GError **error)
{
  g_autofree gchar *file = file_of (dir);
  g_autofree gchar *clean = pf_store_fingerprint (fingerprint);
  g_autoptr (JsonObject) root = load (file, error);
  g_autofree gchar *old = NULL;
  JsonArray *hosts;
  JsonObject *o;
  gint at;

  if (!root)
    return FALSE;
  hosts = json_object_get_array_member (root, HOSTS);
  at = find (hosts, address, port);
  old = fingerprint_at (hosts, at);
  if (!clean)
    return set_error (error, "the host has no fingerprint");
  if (g_strcmp0 (old, clean) == 0)
    return TRUE;
  if (at >= 0)
    return set_error (error, "another host was known by this address");
  if (json_array_get_length (hosts) >= MAX_HOSTS)
    return set_error (error, "too many hosts are known");
  o = json_object_new ();
  json_object_set_string_member (o, "address", address);
  json_object_set_int_member (o, "port", port);
  json_object_set_string_member (o, "fingerprint", clean);
  json_object_set_int_member (
      o, "since_unix", g_get_real_time () / G_USEC_PER_SEC);
  json_array_add_object_element (hosts, o);
  return pf_store_save (file, root, error);
}

gboolean
pf_hosts_forget (
    const gchar *dir, const gchar *address, guint port, GError **error)
{
  g_autofree gchar *file = file_of (dir);
  g_autoptr (JsonObject) root = load (file, error);
  JsonArray *hosts;
  gint at;

  if (!root)
    return FALSE;
  hosts = json_object_get_array_member (root, HOSTS);
  at = find (hosts, address, port);
  if (at < 0)
    return set_error (error, "no host is known by this address");
  for (; at >= 0; at = find (hosts, address, port))
    json_array_remove_element (hosts, (guint) at);
  return pf_store_save (file, root, error);
}
