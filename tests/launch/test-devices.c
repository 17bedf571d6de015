/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is stored of whom to trust: the file, names of strangers, rights, and
 * the hosts that a client knows.
 */
#include "devices.h"
#include "hosts.h"
#include "pf-store.h"
#include "pf-test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define B "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static gchar *dir, *path;

static void
set_up (void)
{
  dir = g_dir_make_tmp ("pf-devices-XXXXXX", NULL);
  path = g_build_filename (dir, "sub", "punktfunk1-paired.json", NULL);
}

static void
tear_down (void)
{
  g_autofree gchar *sub = g_path_get_dirname (path);
  g_autoptr (GDir) files = g_dir_open (sub, 0, NULL);
  const gchar *name;

  while (files && (name = g_dir_read_name (files))) {
    g_autofree gchar *file = g_build_filename (sub, name, NULL);

    g_unlink (file);
  }
  g_rmdir (sub);
  PF_CHECK_INT (g_rmdir (dir), ==, 0);
  g_free (dir);
  g_free (path);
}

static void
write_store (const gchar *text)
{
  g_autofree gchar *sub = g_path_get_dirname (path);

  g_mkdir_with_parents (sub, 0700);
  PF_REQUIRE (g_file_set_contents (path, text, -1, NULL));
  g_chmod (path, 0600);
}

static gchar *
read_store (void)
{
  gchar *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

static PfDevices *
open_store (void)
{
  g_autoptr (GError) error = NULL;
  PfDevices *devices = pf_devices_open (path, &error);

  if (!devices)
    pf_test_fail (__FILE__, __LINE__, "%s", error->message);
  PF_REQUIRE (devices);
  return devices;
}

static void
add (PfDevices *devices, const gchar *fingerprint, const gchar *name)
{
  gboolean kept = TRUE;

  PF_CHECK (pf_devices_add (devices, fingerprint, name, &kept, NULL));
  PF_CHECK (!kept);
}

/* ---- The file -------------------------------------------------------------- */

/* S25: made 0600 in 0700, whatever the mask; read back the same. */
static void
test_file (void)
{
  g_autofree gchar *sub = NULL;
  g_autoptr (PfDevice) d = NULL;
  PfDevices *devices;
  struct stat st;
  mode_t old;

  set_up ();
  sub = g_path_get_dirname (path);
  devices = open_store ();
  PF_CHECK_UINT (pf_devices_n (devices), ==, 0);
  PF_CHECK (!g_file_test (path, G_FILE_TEST_EXISTS));
  old = umask (0);
  add (devices, A, "Deck");
  umask (old);
  PF_CHECK_INT (lstat (path, &st), ==, 0);
  PF_CHECK_HEX (st.st_mode & 07777, ==, 0600);
  PF_CHECK_INT (lstat (sub, &st), ==, 0);
  PF_CHECK_HEX (st.st_mode & 07777, ==, 0700);
  pf_devices_free (devices);
  devices = open_store ();
  d = pf_devices_find (devices, A);
  PF_REQUIRE (d);
  PF_CHECK_STR (d->name, "Deck");
  PF_CHECK_HEX (d->grants, ==, PF_MAY_ALL);
  PF_CHECK_INT (d->expires, ==, 0);
  PF_CHECK (!pf_devices_find (devices, B));
  pf_devices_free (devices);
  tear_down ();
}

/* The form that others write and read; what they add is kept. */
static void
test_form (void)
{
  static const gchar text[] =
      "{\"version\":7,\"clients\":["
      "{\"name\":\"TV\",\"fingerprint\":\"" A "\",\"colour\":\"blue\"},"
      "{\"name\":\"Phone\",\"fingerprint\":\"" B "\",\"grants\":2,"
      "\"expires_unix\":4000000000,\"granted_unix\":5}]}";
  g_autoptr (PfDevice) tv = NULL, phone = NULL;
  g_autofree gchar *after = NULL;
  PfDevices *devices;

  set_up ();
  write_store (text);
  devices = open_store ();
  tv = pf_devices_find (devices, A);
  phone = pf_devices_find (devices, B);
  PF_REQUIRE (tv && phone);
  PF_CHECK_HEX (tv->grants, ==, PF_MAY_ALL);
  PF_CHECK_HEX (phone->grants, ==, PF_MAY_POINTER);
  PF_CHECK_INT (phone->expires, ==, 4000000000);
  PF_CHECK (pf_devices_rename (devices, A, "Big TV", NULL));
  after = read_store ();
  PF_CHECK (strstr (after, "\"colour\" : \"blue\"") != NULL);
  PF_CHECK (strstr (after, "\"version\" : 7") != NULL);
  PF_CHECK (strstr (after, "Big TV") != NULL);
  pf_devices_free (devices);
  tear_down ();
}

/* Members that say nothing that can be understood grant nothing. */
static void
test_odd_values (void)
{
  static const struct {
    const gchar *member;
    guint32 grants;
    gboolean expired;
  } cases[] = {
    { "\"grants\":-1", 0, FALSE },
    { "\"grants\":\"63\"", 0, FALSE },
    { "\"grants\":63.5", 0, FALSE },
    { "\"grants\":[63]", 0, FALSE },
    { "\"grants\":4294967295", PF_MAY_ALL, FALSE },
    { "\"grants\":null", PF_MAY_ALL, FALSE },
    { "\"expires_unix\":\"never\"", PF_MAY_ALL, TRUE },
    { "\"expires_unix\":-5", PF_MAY_ALL, TRUE },
    { "\"expires_unix\":1", PF_MAY_ALL, TRUE },
    { "\"expires_unix\":0", PF_MAY_ALL, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *text = g_strdup_printf (
        "{\"clients\":[{\"fingerprint\":\"" A "\",%s}]}", cases[i].member);
    g_autoptr (PfDevice) d = NULL;
    PfDevices *devices;

    set_up ();
    write_store (text);
    devices = open_store ();
    d = pf_devices_find (devices, A);
    PF_REQUIRE (d);
    PF_CHECK_HEX (d->grants, ==, cases[i].grants);
    PF_CHECK_INT (pf_device_is_expired (d), ==, cases[i].expired);
    pf_devices_free (devices);
    tear_down ();
  }
}

/* Others lose their access; what is no file of ours is not read. */
static void
test_modes (void)
{
  g_autofree gchar *other = NULL;
  struct stat st;

  set_up ();
  write_store ("{\"clients\":[]}");
  g_chmod (path, 0644);
  pf_devices_free (open_store ());
  PF_CHECK_INT (lstat (path, &st), ==, 0);
  PF_CHECK_HEX (st.st_mode & 0777, ==, 0600);
  other = g_strconcat (path, ".other", NULL);
  PF_CHECK_INT (g_rename (path, other), ==, 0);
  PF_CHECK_INT (symlink (other, path), ==, 0);
  PF_CHECK (!pf_devices_open (path, NULL));
  g_unlink (path);
  g_mkdir (path, 0700);
  PF_CHECK (!pf_devices_open (path, NULL));
  g_rmdir (path);
  tear_down ();
}

/* A disk that is full: the file stays as it was, and so does what is known. */
static void
test_full_disk (void)
{
  PfDevices *devices;
  g_autofree gchar *before = NULL, *after = NULL;
  g_autoptr (GError) error = NULL;
  struct rlimit old, none;
  gboolean kept;

  set_up ();
  devices = open_store ();
  add (devices, A, "Deck");
  before = read_store ();
  getrlimit (RLIMIT_FSIZE, &old);
  none = old;
  none.rlim_cur = 16;
  signal (SIGXFSZ, SIG_IGN);
  setrlimit (RLIMIT_FSIZE, &none);
  PF_CHECK (!pf_devices_add (devices, B, "Phone", &kept, &error));
  PF_CHECK (!pf_devices_remove (devices, A, NULL));
  setrlimit (RLIMIT_FSIZE, &old);
  PF_CHECK (error != NULL);
  after = read_store ();
  PF_CHECK_STR (after, before);
  PF_CHECK_UINT (pf_devices_n (devices), ==, 1);
  PF_CHECK (!pf_devices_find (devices, B));
  pf_devices_free (devices);
  tear_down ();
}

/* S3: killed at any time while it writes, the file is the one before or the
 * one after. */
static void
test_killed (void)
{
  guint old = 0, new = 0;

  set_up ();
  for (guint i = 0; i < 24; i++) {
    PfDevices *devices = open_store ();
    PfDevice *found;
    int status;
    pid_t pid;

    if (pf_devices_n (devices) == 0)
      add (devices, A, "Deck");
    pf_devices_remove (devices, B, NULL);
    pid = fork ();
    if (pid == 0) {
      gboolean kept;

      for (;;) {
        pf_devices_add (devices, B, "Phone", &kept, NULL);
        pf_devices_remove (devices, B, NULL);
      }
    }
    g_usleep ((gulong) pf_test_random_below (30000));
    kill (pid, SIGKILL);
    waitpid (pid, &status, 0);
    pf_devices_free (devices);
    devices = open_store ();
    found = pf_devices_find (devices, A);
    PF_CHECK (found != NULL);
    pf_device_free (found);
    if (pf_devices_n (devices) == 1)
      old++;
    else
      new ++;
    pf_devices_free (devices);
  }
  pf_test_note ("%u times the file before, %u times the one after", old, new);
  PF_CHECK_UINT (old + new, ==, 24);
  tear_down ();
}

/* S2: two hosts have one list. What one removes is gone for the other, which
 * does not bring it back; a list that is damaged takes nothing away. */
static void
test_two_hosts (void)
{
  PfDevices *one, *other;

  set_up ();
  one = open_store ();
  other = open_store ();
  add (one, A, "Deck");
  PF_CHECK_UINT (pf_devices_n (other), ==, 1);
  PF_CHECK (pf_devices_remove (other, A, NULL));
  PF_CHECK_UINT (pf_devices_n (one), ==, 0);
  add (one, B, "Phone");
  PF_CHECK_UINT (pf_devices_n (other), ==, 1);
  write_store ("{\"clients\":");
  PF_CHECK_UINT (pf_devices_n (other), ==, 1);
  PF_CHECK_INT (g_unlink (path), ==, 0);
  PF_CHECK_UINT (pf_devices_n (other), ==, 0);
  pf_devices_free (one);
  pf_devices_free (other);
  tear_down ();
}

/* ---- S42 ------------------------------------------------------------------- */

static void
test_deep (void)
{
  g_autofree gchar *deep = g_strnfill (100000, '[');
  g_autofree gchar *large = g_strnfill (PF_STORE_SIZE_MAX + 1, ' ');
  static const gchar *const bad[] = { "", "]", "{\"a\":[}]}", "[]", "null",
    "{\"clients\":{}}", "{\"clients\":[", "\xff" };

  set_up ();
  PF_CHECK (!pf_store_is_bearable (deep, 100000));
  PF_CHECK (!pf_store_is_bearable (large, PF_STORE_SIZE_MAX + 1));
  PF_CHECK (pf_store_is_bearable (large, PF_STORE_SIZE_MAX));
  PF_CHECK (!pf_store_is_bearable ("{}\0{}", 5));
  /* brackets in texts are none */
  PF_CHECK (pf_store_is_bearable ("\"[[[[[[[[[[[[[[[[[[[[[[\\\"[\"", 27));
  write_store (deep);
  PF_CHECK (!pf_devices_open (path, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    write_store (bad[i]);
    PF_CHECK (!pf_devices_open (path, &error));
    PF_CHECK (error != NULL);
  }
  tear_down ();
}

/* ---- S31 ------------------------------------------------------------------- */

static void
test_names (void)
{
  static const struct {
    const gchar *given, *kept;
  } cases[] = {
    { "Deck", "Deck" },
    { "  Living   room\t\n TV  ", "Living room TV" },
    { "evil\x1b[2J\x07", "evil[2J" },
    { "\u202emoor gnivil", "moor gnivil" },
    { "a\u2066b\u2069c\u200fd\u061ce", "abcde" },
    { "zero\u200bwidth\ufeff", "zerowidth" },
    { "J\u00f6rgs \u30c7\u30c3\u30ad", "J\u00f6rgs \u30c7\u30c3\u30ad" },
    { "cut\xff here", "cut" },
    { "\x01\x02", "device 00112233" },
    { "", "device 00112233" },
    { " \u3000 ", "device 00112233" },
    { NULL, "device 00112233" },
  };
  g_autofree gchar *large = g_strnfill (1000, 'x');
  g_autofree gchar *wide = NULL, *cut = NULL;
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *clean = pf_store_clean_name (cases[i].given, A);

    PF_CHECK_STR (clean, cases[i].kept);
  }
  cut = pf_store_clean_name (large, A);
  PF_CHECK_UINT (strlen (cut), ==, 64);
  for (guint i = 0; i < 40; i++)
    g_string_append (text, "\u20ac");
  wide = pf_store_clean_name (text->str, A);
  PF_CHECK_UINT (strlen (wide), ==, 63); /* no character is cut */
  PF_CHECK (g_utf8_validate (wide, -1, NULL));
  g_string_free (text, TRUE);
}

static void
test_stored_names (void)
{
  g_autoptr (PfDevice) d = NULL;
  PfDevices *devices;

  set_up ();
  write_store ("{\"clients\":[{\"name\":\"\\u001b]0;x\\u0007\\u202eTV\","
               "\"fingerprint\":\"" A "\"}]}");
  devices = open_store ();
  d = pf_devices_find (devices, A);
  PF_REQUIRE (d);
  PF_CHECK_STR (d->name, "]0;xTV");
  pf_devices_free (devices);
  tear_down ();
}

/* ---- Rights ---------------------------------------------------------------- */

/* S27: pairing again gives back nothing that was taken away. */
static void
test_again (void)
{
  g_autoptr (PfDevice) d = NULL;
  PfDevices *devices;
  gboolean kept = FALSE;

  set_up ();
  devices = open_store ();
  add (devices, A, "Deck");
  PF_CHECK (pf_devices_grant (devices, A, PF_MAY_POINTER, 1, NULL));
  PF_CHECK (pf_devices_add (devices, A, "Deck, again", &kept, NULL));
  PF_CHECK (kept);
  PF_CHECK_UINT (pf_devices_n (devices), ==, 1);
  d = pf_devices_find (devices, A);
  PF_REQUIRE (d);
  PF_CHECK_HEX (d->grants, ==, PF_MAY_POINTER);
  PF_CHECK (pf_device_is_expired (d));
  pf_devices_free (devices);
  tear_down ();
}

static void
test_rights (void)
{
  guint32 grants = 99;
  g_autofree gchar *all = pf_grants_to_string (PF_MAY_ALL);
  g_autofree gchar *none = pf_grants_to_string (0);

  PF_CHECK_STR (all, "pointer, keyboard, gamepad, clipboard, mic, launch");
  PF_CHECK_STR (none, "watch only");
  PF_CHECK (pf_grants_parse ("view", &grants));
  PF_CHECK_HEX (grants, ==, 0);
  PF_CHECK (pf_grants_parse ("pointer, keyboard", &grants));
  PF_CHECK_HEX (grants, ==, PF_MAY_POINTER | PF_MAY_KEYBOARD);
  PF_CHECK (pf_grants_parse ("all", &grants));
  PF_CHECK_HEX (grants, ==, PF_MAY_ALL);
  PF_CHECK (!pf_grants_parse ("", &grants));
  PF_CHECK (!pf_grants_parse ("pointer,root", &grants));
}

static void
test_guess (void)
{
  g_autoptr (PfDevice) by_name = NULL, by_print = NULL;
  PfDevices *devices;

  set_up ();
  devices = open_store ();
  add (devices, A, "Deck");
  add (devices, B, "Deck");
  PF_CHECK (!pf_devices_guess (devices, "Deck", NULL)); /* which? */
  PF_CHECK (!pf_devices_guess (devices, "001122", NULL));
  PF_CHECK (!pf_devices_guess (devices, "Phone", NULL));
  by_print = pf_devices_guess (devices, "FF112233", NULL);
  PF_REQUIRE (by_print);
  PF_CHECK_STR (by_print->fingerprint, B);
  PF_CHECK (pf_devices_rename (devices, B, "Phone", NULL));
  by_name = pf_devices_guess (devices, "Phone", NULL);
  PF_CHECK (by_name != NULL);
  PF_CHECK (pf_devices_remove (devices, B, NULL));
  PF_CHECK (!pf_devices_remove (devices, B, NULL));
  PF_CHECK (!pf_devices_rename (devices, B, "x", NULL));
  PF_CHECK (!pf_devices_grant (devices, B, 0, 0, NULL));
  PF_CHECK_UINT (pf_devices_n (devices), ==, 1);
  pf_devices_free (devices);
  tear_down ();
}

/* ---- Hosts that a client knows ---------------------------------------------- */

/* S41: a host with another fingerprint is not the one that was known. */
static void
test_hosts (void)
{
  g_autofree gchar *sub = NULL, *found = NULL;
  g_autoptr (GError) error = NULL;

  set_up ();
  sub = g_path_get_dirname (path);
  PF_CHECK (!pf_hosts_find (sub, "192.0.2.1", 9777, &error));
  PF_CHECK (!error);
  PF_CHECK (pf_hosts_add (sub, "192.0.2.1", 9777, A, NULL));
  PF_CHECK (pf_hosts_add (sub, "192.0.2.1", 9777, A, NULL));
  PF_CHECK (!pf_hosts_add (sub, "192.0.2.1", 9777, B, &error));
  PF_CHECK (error != NULL);
  found = pf_hosts_find (sub, "192.0.2.1", 9777, NULL);
  PF_CHECK_STR (found, A);
  PF_CHECK (!pf_hosts_find (sub, "192.0.2.1", 9778, NULL));
  PF_CHECK (pf_hosts_forget (sub, "192.0.2.1", 9777, NULL));
  PF_CHECK (!pf_hosts_forget (sub, "192.0.2.1", 9777, NULL));
  PF_CHECK (pf_hosts_add (sub, "192.0.2.1", 9777, B, NULL));
  tear_down ();
}

/* What cannot be understood is not taken for "not known". */
static void
test_bad_hosts (void)
{
  static const gchar *const bad[] = { "[", "{\"hosts\":3}",
    "{\"hosts\":[{\"address\":\"h\",\"port\":1,\"fingerprint\":\"zz\"}]}" };

  set_up ();
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree gchar *sub = g_path_get_dirname (path);
    g_autofree gchar *file =
        g_build_filename (sub, "client-known-hosts.json", NULL);
    g_autoptr (GError) error = NULL;

    g_mkdir_with_parents (sub, 0700);
    PF_REQUIRE (g_file_set_contents (file, bad[i], -1, NULL));
    PF_CHECK (!pf_hosts_find (sub, "h", 1, &error));
    PF_CHECK (error != NULL);
    PF_CHECK (!pf_hosts_add (sub, "h", 1, A, NULL));
  }
  tear_down ();
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/S25/file", test_file);
  PF_TEST_ADD ("/S25/modes", test_modes);
  PF_TEST_ADD ("/S2/two-hosts", test_two_hosts);
  PF_TEST_ADD ("/S3/full-disk", test_full_disk);
  PF_TEST_ADD ("/S3/killed", test_killed);
  PF_TEST_ADD ("/S27/again", test_again);
  PF_TEST_ADD ("/S31/names", test_names);
  PF_TEST_ADD ("/S31/stored", test_stored_names);
  PF_TEST_ADD ("/S41/hosts", test_hosts);
  PF_TEST_ADD ("/S41/bad-hosts", test_bad_hosts);
  PF_TEST_ADD ("/S42/deep", test_deep);
  PF_TEST_ADD ("/devices/form", test_form);
  PF_TEST_ADD ("/devices/odd-values", test_odd_values);
  PF_TEST_ADD ("/devices/rights", test_rights);
  PF_TEST_ADD ("/devices/guess", test_guess);
  return pf_test_run (argc, argv);
}
