/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Hosts in the local network; see discover.h. */
#include "discover.h"

#include "pf-conf.h"

#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-glib/glib-malloc.h>
#include <avahi-glib/glib-watch.h>
#include <net/if.h>
#include <string.h>

#define SERVICE "_punktfunk._udp"
#define TEXT_MAX 64

typedef struct {
  AvahiClient *client;
  GMainLoop *loop;
  GPtrArray *found;
  guint resolving;
  gboolean all; /* what there was has been told */
  gint failure; /* an Avahi error */
} Search;

static void
found_free (gpointer data)
{
  PfFound *f = data;

  g_free (f->name);
  g_free (f->address);
  g_free (f->fingerprint);
  g_free (f->id);
  g_free (f);
}

/* Strangers write these: printable, and not long. */
static gchar *
clean (const gchar *text, gsize n)
{
  GString *out = g_string_new (NULL);
  const gchar *end = text + MIN (n, TEXT_MAX);

  while (text < end) {
    const gunichar c = g_utf8_get_char_validated (text, end - text);

    if (c == (gunichar) -1 || c == (gunichar) -2)
      break;
    g_string_append_unichar (out, g_unichar_isprint (c) ? c : '?');
    text = g_utf8_next_char (text);
  }
  return g_string_free (out, FALSE);
}

static gchar *
find_text (AvahiStringList *txt, const gchar *name)
{
  AvahiStringList *entry = avahi_string_list_find (txt, name);
  gchar *key = NULL, *value = NULL, *out;
  size_t size = 0;

  if (!entry || avahi_string_list_get_pair (entry, &key, &value, &size) < 0)
    return NULL;
  out = value ? clean (value, size) : NULL;
  avahi_free (key);
  avahi_free (value);
  return out;
}

/* A link-local address means nothing without its interface. */
static gchar *
address_text (const AvahiAddress *address, AvahiIfIndex interface)
{
  char text[AVAHI_ADDRESS_STR_MAX], name[IF_NAMESIZE];

  avahi_address_snprint (text, sizeof text, address);
  if (address->proto == AVAHI_PROTO_INET6 && g_str_has_prefix (text, "fe80:") &&
      if_indextoname ((unsigned) interface, name))
    return g_strdup_printf ("%s%%%s", text, name);
  return g_strdup (text);
}

static PfFound *
find_known (Search *s, const gchar *name)
{
  for (guint i = 0; i < s->found->len; i++) {
    PfFound *f = g_ptr_array_index (s->found, i);

    if (g_str_equal (f->name, name))
      return f;
  }
  return NULL;
}

static void
maybe_done (Search *s)
{
  if (s->all && s->resolving == 0)
    g_main_loop_quit (s->loop);
}

static void
on_resolved (AvahiServiceResolver *resolver, AvahiIfIndex interface,
    AvahiProtocol protocol, AvahiResolverEvent event, const char *name,
    const char *type, const char *domain, const char *host,
    const AvahiAddress *address, uint16_t port, AvahiStringList *txt,
    AvahiLookupResultFlags flags, void *data)
{
  Search *s = data;
  g_autofree gchar *shown = clean (name, strlen (name));

  (void) protocol;
  (void) type;
  (void) domain;
  (void) host;
  (void) flags;
  if (event == AVAHI_RESOLVER_FOUND && !find_known (s, shown)) {
    g_autofree gchar *pair = find_text (txt, "pair");
    PfFound *f = g_new0 (PfFound, 1);

    f->name = g_steal_pointer (&shown);
    f->address = address_text (address, interface);
    f->port = port;
    f->fingerprint = find_text (txt, "fp");
    f->id = find_text (txt, "id");
    f->pairing = g_strcmp0 (pair, "optional") != 0;
    g_ptr_array_add (s->found, f);
  }
  avahi_service_resolver_free (resolver);
  s->resolving--;
  maybe_done (s);
}

static void
on_browsed (AvahiServiceBrowser *browser, AvahiIfIndex interface,
    AvahiProtocol protocol, AvahiBrowserEvent event, const char *name,
    const char *type, const char *domain, AvahiLookupResultFlags flags,
    void *data)
{
  Search *s = data;

  (void) browser;
  (void) flags;
  if (event == AVAHI_BROWSER_NEW) {
    if (avahi_service_resolver_new (s->client, interface, protocol, name, type,
            domain, AVAHI_PROTO_UNSPEC, 0, on_resolved, s))
      s->resolving++;
  } else if (event == AVAHI_BROWSER_ALL_FOR_NOW) {
    s->all = TRUE;
    maybe_done (s);
  } else if (event == AVAHI_BROWSER_FAILURE) {
    s->failure = avahi_client_errno (s->client);
    g_main_loop_quit (s->loop);
  }
}

static void
on_client (AvahiClient *client, AvahiClientState state, void *data)
{
  Search *s = data;

  if (state == AVAHI_CLIENT_FAILURE) {
    s->failure = avahi_client_errno (client);
    g_main_loop_quit (s->loop);
  }
}

static gboolean
on_time (gpointer data)
{
  g_main_loop_quit (((Search *) data)->loop);
  return G_SOURCE_REMOVE;
}

static void
search (Search *s, AvahiGLibPoll *poll, guint seconds)
{
  AvahiServiceBrowser *browser;
  GSource *timer;

  s->client = avahi_client_new (
      avahi_glib_poll_get (poll), 0, on_client, s, &s->failure);
  if (!s->client)
    return;
  browser = avahi_service_browser_new (s->client, AVAHI_IF_UNSPEC,
      AVAHI_PROTO_UNSPEC, SERVICE, NULL, 0, on_browsed, s);
  if (browser) {
    timer = g_timeout_source_new_seconds (seconds);
    g_source_set_callback (timer, on_time, s, NULL);
    g_source_attach (timer, NULL);
    g_main_loop_run (s->loop);
    g_source_destroy (timer);
    g_source_unref (timer);
  } else {
    s->failure = avahi_client_errno (s->client);
  }
  avahi_client_free (s->client);
}

/* One of them may be somebody who only says so; which, nobody can tell here. */
static void
find_contests (GPtrArray *found)
{
  for (guint i = 0; i < found->len; i++)
    for (guint j = 0; j < found->len; j++) {
      PfFound *a = g_ptr_array_index (found, i);
      const PfFound *b = g_ptr_array_index (found, j);

      a->contested |= a->id && g_strcmp0 (a->id, b->id) == 0 &&
                      g_strcmp0 (a->fingerprint, b->fingerprint) != 0;
    }
}

GPtrArray *
pf_discover (guint seconds, GError **error)
{
  AvahiGLibPoll *poll;
  Search s = { 0 };

  avahi_set_allocator (avahi_glib_allocator ());
  poll = avahi_glib_poll_new (NULL, G_PRIORITY_DEFAULT);
  s.loop = g_main_loop_new (NULL, FALSE);
  s.found = g_ptr_array_new_with_free_func (found_free);
  search (&s, poll, seconds);
  avahi_glib_poll_free (poll);
  g_main_loop_unref (s.loop);
  find_contests (s.found);
  if (s.failure == 0)
    return s.found;
  g_ptr_array_unref (s.found);
  g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_FILE,
      "cannot look for hosts: %s (is avahi-daemon running?); connect by "
      "address instead",
      avahi_strerror (s.failure));
  return NULL;
}
