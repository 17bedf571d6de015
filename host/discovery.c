/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Announces the host in the local network; see discovery.h. */
#include "discovery.h"

#include <avahi-client/client.h>
#include <avahi-client/publish.h>
#include <avahi-common/alternative.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-glib/glib-malloc.h>
#include <avahi-glib/glib-watch.h>
#include <string.h>

#define SERVICE "_punktfunk._udp"
#define PROTOCOL "punktfunk/1"
#define GAMESTREAM "_nvstream._tcp"
#define RETRY_S 5
/* A name that is taken again and again is somebody's joke. */
#define NAMES_MAX 20

struct _PfDiscovery {
  AvahiGLibPoll *poll;
  AvahiClient *client;
  AvahiEntryGroup *group;
  guint retry;
  gchar *name; /* of the instance */
  guint names; /* tried */
  gchar *fingerprint, *id;
  gboolean open;
  guint port, gamestream;
  gchar *state;
};

static void start (PfDiscovery *d);

static void
set_state (PfDiscovery *d, const gchar *state, const gchar *what)
{
  g_free (d->state);
  d->state = g_strconcat (state, what, NULL);
}

static gboolean
on_retry (gpointer data)
{
  PfDiscovery *d = data;

  d->retry = 0;
  start (d);
  return G_SOURCE_REMOVE;
}

static void
drop_client (PfDiscovery *d)
{
  d->group = NULL; /* goes with its client */
  g_clear_pointer (&d->client, avahi_client_free);
}

static void
retry (PfDiscovery *d, const gchar *why)
{
  set_state (d, "not announced: ", why);
  if (!d->retry)
    d->retry = g_timeout_add_seconds (RETRY_S, on_retry, d);
}

/* ---- The service --------------------------------------------------------- */

static void publish (PfDiscovery *d);

static void
rename_service (PfDiscovery *d)
{
  gchar *other = avahi_alternative_service_name (d->name);

  g_free (d->name);
  d->name = g_strdup (other);
  avahi_free (other);
  if (++d->names < NAMES_MAX)
    publish (d);
  else
    set_state (d, "not announced: every name is taken, as ", d->name);
}

static void
on_group (AvahiEntryGroup *group, AvahiEntryGroupState state, void *data)
{
  PfDiscovery *d = data;

  d->group = group;
  switch (state) {
  case AVAHI_ENTRY_GROUP_ESTABLISHED:
    set_state (d, "announced as ", d->name);
    break;
  case AVAHI_ENTRY_GROUP_COLLISION:
    rename_service (d);
    break;
  case AVAHI_ENTRY_GROUP_FAILURE:
    set_state (d, "not announced: ",
        avahi_strerror (
            avahi_client_errno (avahi_entry_group_get_client (group))));
    break;
  case AVAHI_ENTRY_GROUP_UNCOMMITED:
  case AVAHI_ENTRY_GROUP_REGISTERING:
  default:
    break;
  }
}

static int
add_service (PfDiscovery *d)
{
  AvahiStringList *txt = NULL;
  int result;

  txt = avahi_string_list_add_pair (txt, "proto", PROTOCOL);
  txt = avahi_string_list_add_pair (txt, "fp", d->fingerprint);
  txt = avahi_string_list_add_pair (
      txt, "pair", d->open ? "optional" : "required");
  txt = avahi_string_list_add_pair (txt, "id", d->id);
  result = avahi_entry_group_add_service_strlst (d->group, AVAHI_IF_UNSPEC,
      AVAHI_PROTO_UNSPEC, 0, d->name, SERVICE, NULL, NULL, (uint16_t) d->port,
      txt);
  avahi_string_list_free (txt);
  return result;
}

/* Nothing but the port is read of it. */
static int
add_gamestream (PfDiscovery *d)
{
  return avahi_entry_group_add_service (d->group, AVAHI_IF_UNSPEC,
      AVAHI_PROTO_UNSPEC, 0, d->name, GAMESTREAM, NULL, NULL,
      (uint16_t) d->gamestream, NULL);
}

static void
publish (PfDiscovery *d)
{
  int result;

  if (!d->group)
    d->group = avahi_entry_group_new (d->client, on_group, d);
  if (!d->group) {
    set_state (
        d, "not announced: ", avahi_strerror (avahi_client_errno (d->client)));
    return;
  }
  avahi_entry_group_reset (d->group);
  result = add_service (d);
  if (result >= 0 && d->gamestream)
    result = add_gamestream (d);
  if (result == AVAHI_ERR_COLLISION)
    rename_service (d);
  else if (result < 0 || (result = avahi_entry_group_commit (d->group)) < 0)
    set_state (d, "not announced: ", avahi_strerror (result));
}

/* ---- The daemon ---------------------------------------------------------- */

static void
on_client (AvahiClient *client, AvahiClientState state, void *data)
{
  PfDiscovery *d = data;

  /* comes within avahi_client_new() for the first time */
  d->client = client;
  switch (state) {
  case AVAHI_CLIENT_S_RUNNING:
    publish (d);
    break;
  case AVAHI_CLIENT_S_COLLISION:
  case AVAHI_CLIENT_S_REGISTERING:
    if (d->group)
      avahi_entry_group_reset (d->group);
    break;
  case AVAHI_CLIENT_CONNECTING:
    set_state (d, "waits for the Avahi daemon", "");
    break;
  case AVAHI_CLIENT_FAILURE:
  default:
    /* Not freed here, within its own call: on_retry() does. */
    retry (d, avahi_strerror (avahi_client_errno (client)));
    break;
  }
}

static void
start (PfDiscovery *d)
{
  int error = 0;

  drop_client (d);
  d->client = avahi_client_new (avahi_glib_poll_get (d->poll),
      AVAHI_CLIENT_NO_FAIL, on_client, d, &error);
  if (!d->client)
    retry (d, avahi_strerror (error));
}

PfDiscovery *
pf_discovery_new (const PfAnnouncement *a)
{
  PfDiscovery *d = g_new0 (PfDiscovery, 1);

  avahi_set_allocator (avahi_glib_allocator ());
  d->poll = avahi_glib_poll_new (NULL, G_PRIORITY_DEFAULT);
  d->name = g_strdup (g_get_host_name ());
  d->fingerprint = g_strdup (a->fingerprint);
  /* stable as long as the certificate is */
  d->id = g_strndup (a->fingerprint, 16);
  d->open = a->open;
  d->port = a->port;
  d->gamestream = a->gamestream;
  d->state = g_strdup ("not announced");
  start (d);
  return d;
}

void
pf_discovery_free (PfDiscovery *d)
{
  if (!d)
    return;
  g_clear_handle_id (&d->retry, g_source_remove);
  drop_client (d);
  avahi_glib_poll_free (d->poll);
  g_free (d->name);
  g_free (d->fingerprint);
  g_free (d->id);
  g_free (d->state);
  g_free (d);
}

const gchar *
pf_discovery_state (const PfDiscovery *d)
{
  return d->state;
}
