/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The host is found in the local network: a real Avahi daemon and its bus, in
 * a network of their own, started late, killed and started again.
 */
#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-client/publish.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-common/simple-watch.h>
#include <avahi-glib/glib-watch.h>
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "discover.h"
#include "discovery.h"
#include "pf-netns.h"
#include "pf-test.h"

#define GAMESTREAM 47989
#define WAIT_S 40 /* the host tries again every few seconds */

static const gchar fingerprint[] =
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

static gchar *directory; /* of configuration and the bus's socket */
static pid_t bus, daemon_pid;

/* ---- Processes ---------------------------------------------------------- */

static void
write_config (const gchar *name, const gchar *text)
{
  gchar *path = g_build_filename (directory, name, NULL);

  PF_REQUIRE (g_file_set_contents (path, text, -1, NULL));
  g_free (path);
}

/* Ends with the test, however that ends. */
static pid_t
start (const gchar *const *argv)
{
  const pid_t pid = fork ();

  PF_REQUIRE (pid >= 0);
  if (pid == 0) {
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    execv (argv[0], (char *const *) argv);
    _exit (127);
  }
  return pid;
}

static void
stop (pid_t *pid)
{
  if (*pid <= 0)
    return;
  kill (*pid, SIGKILL);
  while (waitpid (*pid, NULL, 0) < 0 && errno == EINTR)
    ;
  *pid = 0;
}

static void
start_bus (void)
{
  static const gchar config[] =
      "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus "
      "Configuration 1.0//EN\" \"http://www.freedesktop.org/standards/dbus/1.0/"
      "busconfig.dtd\">\n"
      "<busconfig><type>system</type><listen>unix:path=%s/bus</listen>"
      "<auth>EXTERNAL</auth><policy context=\"default\">"
      "<allow own=\"*\"/><allow user=\"*\"/>"
      "<allow send_destination=\"*\" eavesdrop=\"true\"/>"
      "<allow receive_sender=\"*\"/></policy></busconfig>\n";
  gchar *text = g_strdup_printf (config, directory);
  gchar *option = g_strdup_printf ("--config-file=%s/bus.conf", directory);
  gchar *socket = g_build_filename (directory, "bus", NULL);
  const gchar *const argv[] = { PF_DBUS_DAEMON, option, "--nofork",
    "--nopidfile", "--nosyslog", NULL };

  write_config ("bus.conf", text);
  g_unlink (socket);
  bus = start (argv);
  for (guint i = 0; !g_file_test (socket, G_FILE_TEST_EXISTS); i++) {
    PF_REQUIRE (i < 1000);
    g_usleep (10000);
  }
  g_free (text);
  g_free (option);
  g_free (socket);
}

static void
start_daemon (void)
{
  gchar *option = g_strdup_printf ("--file=%s/avahi.conf", directory);
  const gchar *const argv[] = { PF_AVAHI_DAEMON, option, "--no-drop-root",
    "--no-chroot", "--no-rlimits", NULL };

  write_config ("avahi.conf",
      "[server]\nhost-name=pf-test-host\nuse-ipv4=yes\nuse-ipv6=no\n"
      "allow-interfaces=lo\nallow-point-to-point=yes\nenable-dbus=yes\n"
      "ratelimit-interval-usec=1000000\nratelimit-burst=1000\n"
      "[publish]\npublish-hinfo=no\npublish-workstation=no\n");
  daemon_pid = start (argv);
  g_free (option);
}

/* ---- Whoever looks for hosts -------------------------------------------- */

typedef struct {
  gchar *name;
  guint port;
  GHashTable *txt;
} Found;

typedef struct {
  AvahiGLibPoll *poll;
  AvahiClient *client;
  AvahiServiceBrowser *browser;
  GPtrArray *found; /* of Found */
  const gchar *type;
} Seeker;

static void
found_free (gpointer data)
{
  Found *f = data;

  g_free (f->name);
  g_hash_table_unref (f->txt);
  g_free (f);
}

static Found *
find (const Seeker *s, const gchar *name)
{
  for (guint i = 0; i < s->found->len; i++) {
    Found *f = g_ptr_array_index (s->found, i);

    if (!name || g_str_equal (f->name, name))
      return f;
  }
  return NULL;
}

static void
on_resolved (AvahiServiceResolver *resolver, AvahiIfIndex interface,
    AvahiProtocol protocol, AvahiResolverEvent event, const char *name,
    const char *type, const char *domain, const char *host,
    const AvahiAddress *address, uint16_t port, AvahiStringList *txt,
    AvahiLookupResultFlags flags, void *data)
{
  Seeker *s = data;
  Found *f;

  (void) interface;
  (void) protocol;
  (void) domain;
  (void) host;
  (void) address;
  (void) flags;
  if (event == AVAHI_RESOLVER_FOUND && !find (s, name)) {
    PF_CHECK_STR (type, s->type);
    f = g_new0 (Found, 1);
    f->name = g_strdup (name);
    f->port = port;
    f->txt = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    for (; txt; txt = avahi_string_list_get_next (txt)) {
      char *key = NULL, *value = NULL;

      PF_CHECK_INT (
          avahi_string_list_get_pair (txt, &key, &value, NULL), ==, 0);
      g_hash_table_insert (f->txt, g_strdup (key), g_strdup (value));
      avahi_free (key);
      avahi_free (value);
    }
    g_ptr_array_add (s->found, f);
  }
  avahi_service_resolver_free (resolver);
}

static void
on_browsed (AvahiServiceBrowser *browser, AvahiIfIndex interface,
    AvahiProtocol protocol, AvahiBrowserEvent event, const char *name,
    const char *type, const char *domain, AvahiLookupResultFlags flags,
    void *data)
{
  Seeker *s = data;
  Found *f = NULL;

  (void) browser;
  (void) flags;
  if (event == AVAHI_BROWSER_NEW)
    PF_CHECK (avahi_service_resolver_new (s->client, interface, protocol, name,
                  type, domain, AVAHI_PROTO_UNSPEC, 0, on_resolved, s) != NULL);
  else if (event == AVAHI_BROWSER_REMOVE)
    f = find (s, name);
  if (f)
    g_ptr_array_remove (s->found, f);
}

static void
seeker_init_of (Seeker *s, const gchar *type)
{
  int error = 0;

  s->type = type;
  s->found = g_ptr_array_new_with_free_func (found_free);
  s->poll = avahi_glib_poll_new (NULL, G_PRIORITY_DEFAULT);
  s->client =
      avahi_client_new (avahi_glib_poll_get (s->poll), 0, NULL, NULL, &error);
  if (!s->client)
    pf_test_fail (__FILE__, __LINE__, "%s", avahi_strerror (error));
  PF_REQUIRE (s->client != NULL);
  s->browser = avahi_service_browser_new (s->client, AVAHI_IF_UNSPEC,
      AVAHI_PROTO_UNSPEC, type, NULL, 0, on_browsed, s);
  PF_REQUIRE (s->browser != NULL);
}

static void
seeker_init (Seeker *s)
{
  seeker_init_of (s, "_punktfunk._udp");
}

static void
seeker_clear (Seeker *s)
{
  avahi_client_free (s->client); /* and its browser */
  avahi_glib_poll_free (s->poll);
  g_ptr_array_unref (s->found);
}

/* ---- Waiting ------------------------------------------------------------ */

static gboolean
on_late (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Runs the main loop until the condition holds. */
#define WAIT_FOR(condition)                                                    \
  do {                                                                         \
    gboolean late_ = FALSE;                                                    \
    const guint timer_ = g_timeout_add_seconds (WAIT_S, on_late, &late_);      \
                                                                               \
    while (!(condition) && !late_)                                             \
      g_main_context_iteration (NULL, TRUE);                                   \
    PF_CHECK (condition);                                                      \
    if (!late_)                                                                \
      g_source_remove (timer_);                                                \
  } while (0)

static gboolean
is_announced (const PfDiscovery *d)
{
  return g_str_has_prefix (pf_discovery_state (d), "announced as ");
}

/* What the daemon is known by on the bus takes a while. */
static gboolean
daemon_answers (void)
{
  AvahiSimplePoll *poll = avahi_simple_poll_new ();
  AvahiClient *client =
      avahi_client_new (avahi_simple_poll_get (poll), 0, NULL, NULL, NULL);
  const gboolean answers = client != NULL;

  if (client)
    avahi_client_free (client);
  avahi_simple_poll_free (poll);
  return answers;
}

static void
setup (void)
{
  start_bus ();
  start_daemon ();
  for (guint i = 0; !daemon_answers (); i++) {
    PF_REQUIRE (i < 200);
    g_usleep (50000);
  }
}

static void
teardown (void)
{
  stop (&daemon_pid);
  stop (&bus);
}

/* ---- Tests -------------------------------------------------------------- */

static PfDiscovery *
announce (guint port, gboolean open)
{
  const PfAnnouncement a = { fingerprint, open, port, open ? GAMESTREAM : 0 };

  return pf_discovery_new (&a);
}

/* Moonlight's clients look for a port under their own name, where they are
 * served. */
static void
test_gamestream (void)
{
  PfDiscovery *d;
  Found *f;
  Seeker s;

  setup ();
  d = announce (9777, TRUE);
  WAIT_FOR (is_announced (d));
  seeker_init_of (&s, "_nvstream._tcp");
  WAIT_FOR (s.found->len > 0);
  f = find (&s, NULL);
  PF_REQUIRE (f != NULL);
  PF_CHECK_STR (f->name, g_get_host_name ());
  PF_CHECK_UINT (f->port, ==, GAMESTREAM);
  pf_discovery_free (d);
  WAIT_FOR (s.found->len == 0);
  seeker_clear (&s);
  teardown ();
}

static const gchar *
txt (const Found *f, const gchar *key)
{
  return g_hash_table_lookup (f->txt, key);
}

static void
test_found (void)
{
  const gboolean open[] = { FALSE, TRUE };

  setup ();
  for (guint i = 0; i < 2; i++) {
    PfDiscovery *d = announce (9777 + i, open[i]);
    Seeker s;
    Found *f;

    WAIT_FOR (is_announced (d));
    seeker_init (&s);
    WAIT_FOR (s.found->len > 0);
    f = find (&s, NULL);
    PF_REQUIRE (f != NULL);
    PF_CHECK_STR (f->name, g_get_host_name ());
    PF_CHECK_UINT (f->port, ==, 9777 + i);
    PF_CHECK_STR (txt (f, "proto"), "punktfunk/1");
    PF_CHECK_STR (txt (f, "fp"), fingerprint);
    PF_CHECK_STR (txt (f, "pair"), open[i] ? "optional" : "required");
    PF_CHECK (txt (f, "id") != NULL && *txt (f, "id") != '\0');
    PF_CHECK_UINT (s.found->len, ==, 1);
    /* and it is gone when the host is */
    pf_discovery_free (d);
    WAIT_FOR (s.found->len == 0);
    seeker_clear (&s);
  }
  teardown ();
}

/* Two hosts on machines of one name. */
static void
test_same_name (void)
{
  PfDiscovery *a, *b;
  Seeker s;

  setup ();
  a = announce (9777, FALSE);
  WAIT_FOR (is_announced (a));
  b = announce (9778, FALSE);
  WAIT_FOR (is_announced (b));
  PF_CHECK (strcmp (pf_discovery_state (a), pf_discovery_state (b)) != 0);
  seeker_init (&s);
  WAIT_FOR (s.found->len == 2);
  seeker_clear (&s);
  pf_discovery_free (a);
  pf_discovery_free (b);
  teardown ();
}

/* Nothing is there when the host starts: it goes on, and is found later. */
static void
test_late_daemon (void)
{
  PfDiscovery *d = announce (9777, FALSE);

  PF_CHECK (!is_announced (d));
  PF_CHECK (*pf_discovery_state (d) != '\0');
  start_bus ();
  start_daemon ();
  WAIT_FOR (is_announced (d));
  pf_discovery_free (d);
  teardown ();
}

/* The daemon dies and comes back, as at an update. */
static void
test_new_daemon (void)
{
  PfDiscovery *d;
  Seeker s;

  setup ();
  d = announce (9777, FALSE);
  WAIT_FOR (is_announced (d));
  stop (&daemon_pid);
  WAIT_FOR (!is_announced (d));
  start_daemon ();
  WAIT_FOR (is_announced (d));
  seeker_init (&s);
  WAIT_FOR (s.found->len == 1);
  seeker_clear (&s);
  pf_discovery_free (d);
  teardown ();
}

/* The bus goes away with the daemon on it. */
static void
test_new_bus (void)
{
  PfDiscovery *d;

  setup ();
  d = announce (9777, FALSE);
  WAIT_FOR (is_announced (d));
  teardown ();
  WAIT_FOR (!is_announced (d));
  setup ();
  WAIT_FOR (is_announced (d));
  pf_discovery_free (d);
  teardown ();
}

/* ---- Liars -------------------------------------------------------------- */

typedef struct {
  AvahiGLibPoll *poll;
  AvahiClient *client;
  AvahiEntryGroup *group;
  gboolean there;
} Liar;

static void
on_group (AvahiEntryGroup *group, AvahiEntryGroupState state, void *data)
{
  (void) group;
  ((Liar *) data)->there = state == AVAHI_ENTRY_GROUP_ESTABLISHED;
}

static void
liar_init (Liar *l, const gchar *name, const gchar *fp, const gchar *id)
{
  gchar *fp_text = g_strconcat ("fp=", fp, NULL);
  gchar *id_text = g_strconcat ("id=", id, NULL);

  l->there = FALSE;
  l->poll = avahi_glib_poll_new (NULL, G_PRIORITY_DEFAULT);
  l->client =
      avahi_client_new (avahi_glib_poll_get (l->poll), 0, NULL, NULL, NULL);
  PF_REQUIRE (l->client != NULL);
  l->group = avahi_entry_group_new (l->client, on_group, l);
  PF_REQUIRE (l->group != NULL);
  PF_REQUIRE_INT (avahi_entry_group_add_service (l->group, AVAHI_IF_UNSPEC,
                      AVAHI_PROTO_UNSPEC, 0, name, "_punktfunk._udp", NULL,
                      NULL, 9777, "proto=punktfunk/1", fp_text, id_text, NULL),
      ==, 0);
  PF_REQUIRE_INT (avahi_entry_group_commit (l->group), ==, 0);
  WAIT_FOR (l->there);
  g_free (fp_text);
  g_free (id_text);
}

static void
liar_clear (Liar *l)
{
  avahi_client_free (l->client); /* and its group */
  avahi_glib_poll_free (l->poll);
}

static gboolean
is_printable (const gchar *text)
{
  for (; text && *text; text = g_utf8_next_char (text))
    if (!g_unichar_isprint (g_utf8_get_char (text)))
      return FALSE;
  return TRUE;
}

/* S41: what strangers announce is shown without what a terminal obeys, and who
 * takes another one's id does not go unseen. */
static void
test_liars (void)
{
  static const gchar *const names[] = { "one", "two\x1b[2J", "three" };
  static const gchar *const fps[] = { "1111", "22\x1b]0;x\x07", "3333" };
  static const gchar *const ids[] = { "same\x1b[1m", "same\x1b[1m", "other" };
  Liar liars[3];
  GPtrArray *found;

  setup ();
  for (guint i = 0; i < 3; i++)
    liar_init (&liars[i], names[i], fps[i], ids[i]);
  found = pf_discover (5, NULL);
  PF_REQUIRE (found != NULL);
  PF_CHECK_UINT (found->len, ==, 3);
  for (guint i = 0; i < found->len; i++) {
    const PfFound *f = g_ptr_array_index (found, i);

    PF_CHECK (is_printable (f->name));
    PF_CHECK (is_printable (f->fingerprint));
    PF_CHECK (is_printable (f->id));
    PF_CHECK_INT (f->contested, ==, f->id && g_str_has_prefix (f->id, "same"));
  }
  g_ptr_array_unref (found);
  for (guint i = 0; i < 3; i++)
    liar_clear (&liars[i]);
  teardown ();
}

int
main (int argc, char **argv)
{
  gchar *address;
  int ret;

  if (!pf_netns_enter ())
    return 1;
  directory = g_dir_make_tmp ("pf-discovery-XXXXXX", NULL);
  g_assert (directory != NULL);
  address = g_strdup_printf ("unix:path=%s/bus", directory);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", address, TRUE);
  PF_TEST_ADD ("/discovery/found", test_found);
  PF_TEST_ADD ("/discovery/gamestream", test_gamestream);
  PF_TEST_ADD ("/discovery/same-name", test_same_name);
  PF_TEST_ADD ("/discovery/late-daemon", test_late_daemon);
  PF_TEST_ADD ("/discovery/new-daemon", test_new_daemon);
  PF_TEST_ADD ("/discovery/new-bus", test_new_bus);
  PF_TEST_ADD ("/discovery/S41/liars", test_liars);
  ret = pf_test_run (argc, argv);
  teardown ();
  for (guint i = 0; i < 3; i++) {
    static const gchar *const files[] = { "bus", "bus.conf", "avahi.conf" };
    gchar *path = g_build_filename (directory, files[i], NULL);

    g_unlink (path);
    g_free (path);
  }
  g_rmdir (directory);
  g_free (directory);
  g_free (address);
  return ret;
}
