/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pf-host status: what the hosts of this user do. */
#include "admin.h"
#include "options.h"

#include <json-glib/json-glib.h>

static const gchar *
text_of (JsonObject *o, const gchar *name)
{
  return json_object_get_string_member_with_default (o, name, "-");
}

static void
print_session (JsonObject *o)
{
  const gchar *note =
      json_object_get_string_member_with_default (o, "note", NULL);

  g_print ("  session %" G_GINT64_FORMAT
           ": %s, %s, %s by %s, fed %" G_GINT64_FORMAT
           " a second, %" G_GINT64_FORMAT " kbit/s, for %" G_GINT64_FORMAT
           " s%s%s\n",
      json_object_get_int_member_with_default (o, "id", 0), text_of (o, "peer"),
      text_of (o, "mode"), text_of (o, "codec"), text_of (o, "encoder"),
      json_object_get_int_member_with_default (o, "feed-fps", 0),
      json_object_get_int_member_with_default (o, "bitrate-kbps", 0),
      json_object_get_int_member_with_default (o, "seconds", 0),
      note ? "; " : "", note ? note : "");
}

static void
print_host (JsonObject *o)
{
  JsonArray *sessions = json_object_has_member (o, "sessions")
                            ? json_object_get_array_member (o, "sessions")
                            : NULL;

  g_print ("pf-host %s, process %" G_GINT64_FORMAT ", port %" G_GINT64_FORMAT
           " of %s, %s\n",
      text_of (o, "version"),
      json_object_get_int_member_with_default (o, "process", 0),
      json_object_get_int_member_with_default (o, "port", 0),
      text_of (o, "address"), text_of (o, "discovery"));
  g_print ("  fingerprint %s\n  socket %s\n", text_of (o, "fingerprint"),
      text_of (o, "socket"));
  g_print ("  %" G_GINT64_FORMAT " devices paired, %" G_GINT64_FORMAT
           " waiting\n",
      json_object_get_int_member_with_default (o, "paired", 0),
      json_object_get_int_member_with_default (o, "waiting", 0));
  for (guint i = 0; sessions && i < json_array_get_length (sessions); i++)
    print_session (json_array_get_object_element (sessions, i));
}

/* FALSE if nobody answers there. */
static gboolean
show (const gchar *path, gboolean as_json)
{
  g_autofree gchar *reply = pf_admin_ask (path, "status", 0, NULL);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonNode *root;

  if (!reply || !json_parser_load_from_data (parser, reply, -1, NULL))
    return FALSE;
  root = json_parser_get_root (parser);
  if (!root || !JSON_NODE_HOLDS_OBJECT (root))
    return FALSE;
  if (as_json)
    g_print ("%s\n", reply);
  else
    print_host (json_node_get_object (root));
  return TRUE;
}

int
pf_command_status (const PfOptions *options, gchar **words)
{
  g_auto (GStrv) found = words[0] ? g_strdupv (words) : pf_admin_find ();
  guint shown = 0;

  for (guint i = 0; found[i]; i++)
    shown += show (found[i], options->json);
  if (shown == 0)
    return pf_fail ("no pf-host of this user runs here");
  return 0;
}
