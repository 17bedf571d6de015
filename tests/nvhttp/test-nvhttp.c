/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * GameStream's HTTP of the host, in this process, with clients that pair, ask,
 * and do what they should not.
 */
#include "gamestream.h"
#include "gs-web.h"
#include "pf-test.h"
#include "trust.h"

#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>
#include <sys/stat.h>

#define PIN "0417"
#define OTHER_PIN "0418"
#define TRIES 50
#define LOCAL "127.0.0.1"

typedef struct {
  gchar *dir, *store, *apps;
  PfTrust *trust;
  PfGsHost *host;
  PfSelect select;
  guint port;
  const gchar *pin; /* is typed when a device waits; NULL: nobody types */
  guint asked;      /* devices that waited */
  guint outcomes, paired, kept;
  gchar *reason;
} Host;

/* ---- The host ----------------------------------------------------------- */

static void
on_outcome (gpointer user, const PfPairOutcome *o)
{
  Host *h = user;

  h->outcomes++;
  h->paired += o->paired;
  h->kept += o->kept;
  g_free (h->reason);
  h->reason = g_strdup (o->reason);
}

static gboolean
type_pin (gpointer user)
{
  Host *h = user;
  const PfPending *p = pf_trust_next_pending (h->trust, 0);

  if (p && h->pin)
    PF_CHECK (pf_trust_pair (h->trust, p->number, h->pin, on_outcome, h, NULL));
  return G_SOURCE_REMOVE;
}

static void
on_pending (gpointer user, const PfPending *p)
{
  Host *h = user;

  if (!p)
    return;
  h->asked++;
  if (h->pin)
    g_idle_add (type_pin, h);
}

static void
on_access (gpointer user, const gchar *fingerprint, guint32 grants,
    gint64 expires, guint code)
{
  Host *h = user;

  pf_gs_host_access (h->host, fingerprint, grants, expires, code);
}

static void
write_identity (const Host *h)
{
  static gchar *cert, *key; /* one will do for all tests */
  g_autofree gchar *c = g_build_filename (h->dir, "cert.pem", NULL);
  g_autofree gchar *k = g_build_filename (h->dir, "key.pem", NULL);

  if (!cert)
    g_free (gs_make_identity (GS_CERT_USUAL, "host", &cert, &key));
  PF_REQUIRE (g_file_set_contents_full (
      c, cert, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  PF_REQUIRE (g_file_set_contents_full (
      k, key, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
open_host (Host *h, const gchar *address)
{
  PfGsConfig config = { .address = address,
    .identity = h->dir,
    .apps = h->apps,
    .max_sessions = 4,
    .max_depth = 8,
    .max_chroma = 420 };

  for (guint i = 0; i < TRIES && !h->host; i++) {
    config.port = h->port = 20000 + (guint) pf_test_random_below (10000);
    h->host = pf_gs_host_new (&config, h->trust, NULL);
  }
  PF_REQUIRE (h->host);
}

static void
start_host_at (Host *h, const gchar *apps, const gchar *address)
{
  static const PfTrustFuncs funcs = { on_pending, on_access };
  PfTrustConfig config = { 0 };
  g_autofree gchar *native = NULL;

  memset (h, 0, sizeof *h);
  h->dir = g_dir_make_tmp ("pf-nvhttp-XXXXXX", NULL);
  h->apps = g_build_filename (h->dir, "apps.conf", NULL);
  h->store = g_build_filename (h->dir, "gamestream-paired.json", NULL);
  native = g_build_filename (h->dir, "punktfunk1-paired.json", NULL);
  write_identity (h);
  if (apps)
    PF_REQUIRE (g_file_set_contents (h->apps, apps, -1, NULL));
  config.store = native;
  h->trust = pf_trust_new (&config, &funcs, h, NULL);
  PF_REQUIRE (h->trust);
  open_host (h, address);
  h->pin = PIN;
}

static void
start_host (Host *h, const gchar *apps)
{
  start_host_at (h, apps, LOCAL);
}

static void
stop_host (Host *h)
{
  static const gchar *const files[] = { "cert.pem", "key.pem", "apps.conf",
    "gamestream-paired.json", "punktfunk1-paired.json" };

  pf_gs_host_free (h->host);
  pf_trust_free (h->trust);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree gchar *path = g_build_filename (h->dir, files[i], NULL);

    g_unlink (path);
  }
  PF_CHECK_INT (g_rmdir (h->dir), ==, 0);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_free (h->dir);
  g_free (h->store);
  g_free (h->apps);
  g_free (h->reason);
}

static gboolean
is_stored (const Host *h)
{
  return g_file_test (h->store, G_FILE_TEST_EXISTS);
}

/* ---- Clients, which block, in a thread of their own ----------------------- */

typedef struct {
  GThread *thread;
  gint done; /* atomic */
  gpointer (*run) (gpointer data);
  gpointer data, result;
} Away;

static gpointer
away_thread (gpointer data)
{
  Away *a = data;

  a->result = a->run (a->data);
  g_atomic_int_set (&a->done, 1);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
go_away (Away *a, gpointer (*run) (gpointer data), gpointer data)
{
  memset (a, 0, sizeof *a);
  a->run = run;
  a->data = data;
  a->thread = g_thread_new ("client", away_thread, a);
}

static gpointer
come_back (Away *a)
{
  while (!g_atomic_int_get (&a->done))
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (a->thread);
  return a->result;
}

typedef struct {
  GsWeb *web;
  gboolean tls;
  const gchar *path;
  GsAnswer answer;
} Get;

static gpointer
run_get (gpointer data)
{
  Get *g = data;

  g->answer = gs_web_get (g->web, g->tls, g->path);
  return NULL;
}

static GsAnswer
get (GsWeb *web, gboolean tls, const gchar *path)
{
  Get g = { web, tls, path, { 0 } };
  Away a;

  go_away (&a, run_get, &g);
  come_back (&a);
  return g.answer;
}

/* Its status_code. */
static guint
get_status (GsWeb *web, gboolean tls, const gchar *path)
{
  GsAnswer a = get (web, tls, path);
  const guint status = gs_answer_status (&a);

  PF_CHECK_UINT (a.code, ==, 200);
  gs_answer_clear (&a);
  return status;
}

typedef struct {
  GsWeb *web;
  const gchar *pin;
  GsPhase last;
  gboolean ignore;
} Pair;

static gpointer
run_pair (gpointer data)
{
  Pair *p = data;

  return GINT_TO_POINTER (gs_web_pair (p->web, p->pin, p->last, p->ignore));
}

static gboolean
pair (GsWeb *web, const gchar *pin, GsPhase last, gboolean ignore)
{
  Pair p = { web, pin, last, ignore };
  Away a;

  go_away (&a, run_pair, &p);
  return GPOINTER_TO_INT (come_back (&a));
}

static void
make_client (GsWeb *web, const Host *h, GsCertKind kind)
{
  gs_web_init (web, LOCAL, h->port);
  gs_web_identify (web, kind, NULL);
}

static void
wait_asked (Host *h, guint n)
{
  while (h->asked < n)
    g_main_context_iteration (NULL, TRUE);
}

/* ---- Pairing ------------------------------------------------------------ */

static void
check_info (GsWeb *web, gboolean tls, const gchar *paired)
{
  GsAnswer a = get (web, tls, "/serverinfo");

  PF_CHECK_UINT (gs_answer_status (&a), ==, 200);
  PF_CHECK (gs_answer_is (&a, "PairStatus", paired));
  PF_CHECK (gs_answer_is (&a, "appversion", "7.1.431.-1"));
  PF_CHECK (gs_answer_is (&a, "currentgame", "0"));
  PF_CHECK (gs_answer_is (&a, "state", "SUNSHINE_SERVER_FREE"));
  PF_CHECK (!gs_answer_is (&a, "ServerCodecModeSupport", "0"));
  gs_answer_clear (&a);
}

static void
test_pair (void)
{
  g_autofree gchar *title = NULL, *port = NULL;
  struct stat st;
  GsAnswer a;
  GsWeb web;
  Host h;

  start_host (&h, NULL);
  make_client (&web, &h, GS_CERT_USUAL);
  check_info (&web, FALSE, "0");
  PF_CHECK_UINT (get_status (&web, TRUE, "/serverinfo"), ==, 401);
  PF_CHECK (pair (&web, PIN, GS_PHASE_CONFIRM, FALSE));
  PF_CHECK_UINT (h.outcomes, ==, 1);
  PF_CHECK_UINT (h.paired, ==, 1);
  PF_REQUIRE_INT (stat (h.store, &st), ==, 0);
  PF_CHECK_HEX (st.st_mode & 0777, ==, 0600);
  PF_CHECK_UINT (pf_gs_host_n_paired (h.host), ==, 1);
  check_info (&web, TRUE, "1");
  check_info (&web, FALSE, "0"); /* nobody is known without TLS */
  a = get (&web, TRUE, "/applist");
  title = gs_answer_element (&a, "AppTitle");
  PF_CHECK_STR (title, "Desktop");
  PF_CHECK (strstr (a.body, "> <") == NULL &&
            strstr (a.body, ">\n<") == strstr (a.body, "\n") - 1);
  gs_answer_clear (&a);
  PF_CHECK_UINT (get_status (&web, FALSE, "/applist"), ==, 404);
  a = get (&web, TRUE, "/serverinfo");
  port = g_strdup_printf ("%u", h.port - 5);
  PF_CHECK (gs_answer_is (&a, "HttpsPort", port));
  gs_answer_clear (&a);
  gs_web_clear (&web);
  stop_host (&h);
}

/* S3, S11: a client that goes on although it could know better, and one that
 * stops. Nothing is stored, and who typed the PIN is told. */
static void
test_wrong_pin (void)
{
  GsWeb web;
  Host h;

  start_host (&h, NULL);
  make_client (&web, &h, GS_CERT_USUAL);
  PF_CHECK (!pair (&web, OTHER_PIN, GS_PHASE_CONFIRM, TRUE));
  PF_CHECK_UINT (h.outcomes, ==, 1);
  PF_CHECK_UINT (h.paired, ==, 0);
  PF_CHECK (!is_stored (&h));
  PF_CHECK_UINT (get_status (&web, TRUE, "/serverinfo"), ==, 401);
  PF_CHECK (!pair (&web, OTHER_PIN, GS_PHASE_CONFIRM, FALSE));
  PF_CHECK_UINT (h.outcomes, ==, 1);
  PF_CHECK_UINT (get_status (&web, FALSE, "/unpair"), ==, 200);
  PF_CHECK_UINT (h.outcomes, ==, 2);
  PF_CHECK_UINT (h.paired, ==, 0);
  PF_CHECK (h.reason != NULL);
  PF_CHECK (!is_stored (&h));
  PF_CHECK (pair (&web, PIN, GS_PHASE_CONFIRM, FALSE));
  PF_CHECK (is_stored (&h));
  gs_web_clear (&web);
  stop_host (&h);
}

/* S3: nothing on disk before the last phase; S4: no phase out of its turn, and
 * after such a one none at all. */
static void
test_phases (void)
{
  static const gchar *const requests[] = {
    "/pair?clientchallenge=00112233445566778899aabbccddeeff",
    ("/pair?serverchallengeresp="
     "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
    "/pair?clientpairingsecret=00", "/pair?phrase=pairchallenge",
    "/pair?phrase=getservercert&salt=00&clientcert=00", "/pair"
  };
  GsWeb web;
  Host h;

  start_host (&h, NULL);
  make_client (&web, &h, GS_CERT_USUAL);
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    PF_CHECK_UINT (get_status (&web, FALSE, requests[i]), ==, 400);
  for (GsPhase last = GS_PHASE_SALT; last < GS_PHASE_CONFIRM; last++)
    for (guint i = 0; i < G_N_ELEMENTS (requests); i++) {
      PF_CHECK (pair (&web, PIN, last, FALSE));
      PF_CHECK (!is_stored (&h));
      /* the right request, now and then, with a wrong value */
      PF_CHECK_UINT (get_status (&web, FALSE, requests[i]), !=, 0);
      PF_CHECK_UINT (
          get_status (&web, TRUE, "/pair?phrase=pairchallenge"), !=, 200);
      PF_CHECK (!is_stored (&h));
    }
  PF_CHECK_UINT (h.paired, ==, 0);
  gs_web_clear (&web);
  stop_host (&h);
}

/* S17: whoever wants to pair says no PIN to the host, by no request. */
static void
test_pin_from_outside (void)
{
  static const gchar *const requests[] = { "/pin?pin=" PIN, "/pin/" PIN,
    "/api/pin?pin=" PIN, "/pair?pin=" PIN, "/pair?phrase=pin&pin=" PIN };
  GsWeb web, other;
  Away a;
  Pair p;
  Host h;

  start_host (&h, NULL);
  make_client (&web, &h, GS_CERT_USUAL);
  gs_web_init (&other, LOCAL, h.port);
  other.name = "other";
  h.pin = NULL;
  p = (Pair){ &web, PIN, GS_PHASE_SALT, FALSE };
  go_away (&a, run_pair, &p);
  wait_asked (&h, 1);
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    PF_CHECK_UINT (get_status (&other, FALSE, requests[i]), >=, 400);
  PF_CHECK (!g_atomic_int_get (&a.done));
  PF_CHECK (pf_trust_deny (h.trust, 1, NULL));
  PF_CHECK (!GPOINTER_TO_INT (come_back (&a)));
  gs_web_clear (&web);
  stop_host (&h);
}

/* S18: a PIN is one device's. */
static void
test_two_wait (void)
{
  GsWeb webs[2];
  Away away[2];
  Pair p[2];
  Host h;

  start_host (&h, NULL);
  h.pin = NULL;
  for (guint i = 0; i < 2; i++) {
    make_client (&webs[i], &h, GS_CERT_USUAL);
    webs[i].name = i ? "second" : "first";
    p[i] = (Pair){ &webs[i], PIN, GS_PHASE_CONFIRM, FALSE };
    go_away (&away[i], run_pair, &p[i]);
    wait_asked (&h, i + 1);
  }
  PF_CHECK (pf_trust_pair (h.trust, 2, PIN, on_outcome, &h, NULL));
  PF_CHECK (GPOINTER_TO_INT (come_back (&away[1])));
  PF_CHECK (!g_atomic_int_get (&away[0].done));
  PF_CHECK (pf_trust_find_pending (h.trust, 1) != NULL);
  PF_CHECK_UINT (pf_gs_host_n_paired (h.host), ==, 1);
  PF_CHECK (pf_trust_deny (h.trust, 1, NULL));
  PF_CHECK (!GPOINTER_TO_INT (come_back (&away[0])));
  PF_CHECK_UINT (pf_gs_host_n_paired (h.host), ==, 1);
  gs_web_clear (&webs[0]);
  gs_web_clear (&webs[1]);
  stop_host (&h);
}

/* A client that is gone waits for no PIN. */
static gpointer
run_leave (gpointer data)
{
  GsWeb *web = data;
  GIOStream *stream = gs_web_connect (web, FALSE);
  g_autofree gchar *cert = g_malloc0 (PF_GS_PAIR_TEXT + 1);
  g_autofree gchar *request = NULL;
  uint8_t random[PF_GS_PAIR_CLIENT_RANDOM] = { 0 };
  PfGsPairClient *half;

  PF_REQUIRE_INT (pf_gs_pair_client_new (web->cert, PIN, random, &half), ==, 0);
  pf_gs_pair_client_cert (half, cert);
  pf_gs_pair_client_free (half);
  request = g_strdup_printf (
      "GET /pair?uniqueid=x&phrase=getservercert&salt=%032d&clientcert=%s "
      "HTTP/1.1\r\nHost: host\r\n\r\n",
      0, cert);
  g_output_stream_write_all (g_io_stream_get_output_stream (stream), request,
      strlen (request), NULL, NULL, NULL);
  return stream;
}

static void
test_leaves (void)
{
  GIOStream *stream;
  GsWeb web;
  Away a;
  Host h;

  start_host (&h, NULL);
  h.pin = NULL;
  make_client (&web, &h, GS_CERT_USUAL);
  go_away (&a, run_leave, &web);
  stream = come_back (&a);
  wait_asked (&h, 1);
  PF_CHECK_UINT (pf_trust_n_pending (h.trust), ==, 1);
  g_io_stream_close (stream, NULL, NULL);
  g_object_unref (stream);
  while (pf_trust_n_pending (h.trust) > 0)
    g_main_context_iteration (NULL, TRUE);
  PF_CHECK (!is_stored (&h));
  gs_web_clear (&web);
  stop_host (&h);
}

/* ---- Who is known ------------------------------------------------------- */

static const gchar *const closed[] = { "/applist", "/appasset?appid=1",
  "/launch?appid=1", "/resume", "/cancel", "/serverinfo", "/unpair", "/",
  "/pair?phrase=pairchallenge" };

/* S7: nobody but exactly a certificate that was paired, with its key. */
static void
test_strangers (void)
{
  GsWeb known, strangers[3];
  Host h;

  start_host (&h, NULL);
  make_client (&known, &h, GS_CERT_USUAL);
  PF_CHECK (pair (&known, PIN, GS_PHASE_CONFIRM, FALSE));
  gs_web_init (&strangers[0], LOCAL, h.port);
  gs_web_init (&strangers[1], LOCAL, h.port);
  gs_web_identify (&strangers[1], GS_CERT_USUAL, "somebody");
  make_client (&strangers[2], &h, GS_CERT_USUAL); /* same subject, other key */
  for (guint i = 0; i < G_N_ELEMENTS (strangers); i++) {
    for (guint j = 0; j < G_N_ELEMENTS (closed); j++)
      PF_CHECK_UINT (get_status (&strangers[i], TRUE, closed[j]), ==, 401);
    gs_web_clear (&strangers[i]);
  }
  PF_CHECK_UINT (get_status (&known, TRUE, "/applist"), ==, 200);
  for (guint j = 0; j < 5; j++) /* and nothing of it without TLS */
    PF_CHECK_UINT (get_status (&known, FALSE, closed[j]), ==, 404);
  gs_web_clear (&known);
  stop_host (&h);
}

/* S7: a paired one may be odd: clocks of clients are wrong, and some make
 * certificates that a chain's rules would not take. */
static void
test_odd (const void *data)
{
  const GsCertKind kind = (GsCertKind) GPOINTER_TO_INT (data);
  GsWeb web;
  Host h;

  start_host (&h, NULL);
  make_client (&web, &h, kind);
  PF_CHECK_UINT (get_status (&web, TRUE, "/serverinfo"), ==, 401);
  PF_CHECK (pair (&web, PIN, GS_PHASE_CONFIRM, FALSE));
  check_info (&web, TRUE, "1");
  gs_web_clear (&web);
  stop_host (&h);
}

/* S2: out is out, at once. And nobody is put out by a request that anybody can
 * make. */
static void
test_removed (void)
{
  GsWeb web, other;
  Host h;

  start_host (&h, NULL);
  make_client (&web, &h, GS_CERT_USUAL);
  gs_web_init (&other, LOCAL, h.port);
  PF_CHECK (pair (&web, PIN, GS_PHASE_CONFIRM, FALSE));
  PF_CHECK_UINT (get_status (&other, FALSE, "/unpair"), ==, 200);
  PF_CHECK_UINT (get_status (&web, FALSE, "/unpair"), ==, 200);
  PF_CHECK_UINT (get_status (&web, TRUE, "/applist"), ==, 200);
  PF_CHECK (pf_trust_remove (h.trust, web.fingerprint, NULL));
  PF_CHECK_UINT (get_status (&web, TRUE, "/applist"), ==, 401);
  check_info (&web, FALSE, "0");
  gs_web_clear (&web);
  stop_host (&h);
}

/* S27: pairing again gives back no right; an expiry counts. */
static void
test_rights (void)
{
  g_autoptr (PfDevice) d = NULL;
  GsWeb web;
  Host h;

  start_host (&h, NULL);
  make_client (&web, &h, GS_CERT_USUAL);
  PF_CHECK (pair (&web, PIN, GS_PHASE_CONFIRM, FALSE));
  PF_CHECK (pf_trust_grant (h.trust, web.fingerprint, PF_MAY_POINTER, 0, NULL));
  PF_CHECK (pair (&web, PIN, GS_PHASE_CONFIRM, FALSE));
  PF_CHECK_UINT (h.kept, ==, 1);
  d = pf_trust_guess (h.trust, web.fingerprint, NULL);
  PF_REQUIRE (d);
  PF_CHECK_HEX (d->grants, ==, PF_MAY_POINTER);
  PF_CHECK_UINT (get_status (&web, TRUE, "/applist"), ==, 200);
  PF_CHECK (pf_trust_grant (h.trust, web.fingerprint, PF_MAY_ALL,
      g_get_real_time () / G_USEC_PER_SEC - 1, NULL));
  PF_CHECK_UINT (get_status (&web, TRUE, "/applist"), ==, 401);
  gs_web_clear (&web);
  stop_host (&h);
}

/* S31: a device's own name is for terminals too. */
static void
test_names (void)
{
  static const gchar evil[] =
      "&devicename=%1b%5b2J%e2%80%aeDeck%0a%0a%09%20%20x%07";
  g_autofree gchar *cert = g_malloc0 (PF_GS_PAIR_TEXT + 1);
  g_autofree gchar *path = NULL;
  uint8_t random[PF_GS_PAIR_CLIENT_RANDOM] = { 0 };
  const PfPending *p;
  PfGsPairClient *half;
  GsWeb web;
  Away a;
  Host h;
  Get g;

  start_host (&h, NULL);
  h.pin = NULL;
  make_client (&web, &h, GS_CERT_USUAL);
  PF_REQUIRE_INT (pf_gs_pair_client_new (web.cert, PIN, random, &half), ==, 0);
  pf_gs_pair_client_cert (half, cert);
  pf_gs_pair_client_free (half);
  path = g_strdup_printf (
      "/pair?phrase=getservercert&salt=%032d&clientcert=%s%s", 0, cert, evil);
  g = (Get){ &web, FALSE, path, { 0 } };
  go_away (&a, run_get, &g);
  wait_asked (&h, 1);
  p = pf_trust_next_pending (h.trust, 0);
  PF_REQUIRE (p);
  PF_CHECK_STR (p->name, "[2JDeck x");
  PF_CHECK (pf_trust_deny (h.trust, p->number, NULL));
  come_back (&a);
  gs_answer_clear (&g.answer);
  gs_web_clear (&web);
  stop_host (&h);
}

/* ---- Titles ------------------------------------------------------------- */

static const gchar apps[] =
    "[desktop]\ntitle = Desktop\n\n[tom]\n"
    "title = Tom & <Jerry>\nrun = /bin/sleep 60\nhdr = true\n";

/* Titles are escaped; pictures are PNG files that are named, and no others;
 * S1: no request names a file. */
static void
test_titles (void)
{
  static const gchar png[] = "\x89PNG\r\n\x1a\n rest of it";
  static const gchar *const paths[] = { "/appasset?appid=../cert.pem",
    "/appasset?appid=1%2F..%2F", "/../cert.pem", "/%2e%2e/cert.pem",
    "/appasset/../../cert.pem", "/appasset?appid=%00", "//etc/passwd" };
  g_autofree gchar *image = NULL, *text = NULL, *id = NULL, *asset = NULL;
  GsAnswer a;
  GsWeb web;
  Host h;

  image = g_build_filename (g_get_tmp_dir (), "pf-nvhttp-image.png", NULL);
  PF_REQUIRE (g_file_set_contents (image, png, sizeof png - 1, NULL));
  text = g_strdup_printf ("%simage = %s\n", apps, image);
  start_host (&h, text);
  make_client (&web, &h, GS_CERT_USUAL);
  PF_CHECK (pair (&web, PIN, GS_PHASE_CONFIRM, FALSE));
  a = get (&web, TRUE, "/applist");
  PF_CHECK (
      strstr (a.body, "<AppTitle>Tom &amp; &lt;Jerry&gt;</AppTitle>") != NULL);
  PF_REQUIRE (strstr (a.body, "<AppTitle>Tom"));
  {
    GsAnswer rest = { .body = strstr (a.body, "<AppTitle>Tom") };

    id = gs_answer_element (&rest, "ID");
  }
  gs_answer_clear (&a);
  asset = g_strdup_printf ("/appasset?appid=%s&AssetType=2&AssetIdx=0", id);
  a = get (&web, TRUE, asset);
  PF_CHECK_UINT (a.size, ==, sizeof png - 1);
  PF_CHECK (a.head && strstr (a.head, "image/png") != NULL);
  gs_answer_clear (&a);
  PF_REQUIRE (g_file_set_contents (image, "no picture", -1, NULL));
  PF_CHECK_UINT (get_status (&web, TRUE, asset), ==, 404);
  g_unlink (image);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    PF_CHECK_UINT (get_status (&web, TRUE, paths[i]), ==, 404);
  gs_web_clear (&web);
  stop_host (&h);
}

/* ---- Launches ----------------------------------------------------------- */

#define KEY "&rikey=000102030405060708090a0b0c0d0e0f&rikeyid=-5"

/* S19, S21, S12: what cannot be is refused before anything is made of it, and
 * with an element that clients look at. */
static void
test_bad_launches (void)
{
  static const struct {
    const gchar *more;
    guint status;
  } bad[] = {
    { "", 400 }, { KEY "&corever=1", 400 },
    { KEY "&corever=1&mode=1280x720x0", 400 },
    { KEY "&corever=1&mode=0x720x60", 400 },
    { KEY "&corever=1&mode=99999x720x60", 400 },
    { KEY "&corever=1&mode=-1x720x60", 400 },
    { KEY "&corever=1&mode=1280x720xfast", 400 },
    { KEY "&corever=1&mode=1280x720x99999999999999999999", 400 },
    { KEY "&corever=1&mode=1280x720x60&surroundAudioInfo=3", 400 },
    { "&rikey=00&rikeyid=1&corever=1&mode=1280x720x60", 400 },
    { "&rikeyid=1&corever=1&mode=1280x720x60", 400 },
    { KEY "&mode=1280x720x60", 403 }, /* cannot encrypt */
  };
  GsAnswer a;
  GsWeb web;
  Host h;

  start_host (&h, "[one]\nrun =\n");
  make_client (&web, &h, GS_CERT_USUAL);
  PF_CHECK (pair (&web, PIN, GS_PHASE_CONFIRM, FALSE));
  a = get (&web, TRUE, "/launch?appid=7" KEY "&corever=1&mode=1280x720x60");
  PF_CHECK_UINT (gs_answer_status (&a), ==, 404);
  PF_CHECK (gs_answer_is (&a, "gamesession", "0"));
  gs_answer_clear (&a);
  a = get (&web, TRUE, "/applist");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree gchar *id = gs_answer_element (&a, "ID");
    g_autofree gchar *path =
        g_strdup_printf ("/launch?appid=%s%s", id, bad[i].more);
    GsAnswer b = get (&web, TRUE, path);

    pf_test_note (
        "%s: %s", bad[i].more, b.body ? strstr (b.body, "<root") : "nothing");
    PF_CHECK_UINT (gs_answer_status (&b), ==, bad[i].status);
    PF_CHECK (gs_answer_is (&b, "gamesession", "0"));
    gs_answer_clear (&b);
  }
  gs_answer_clear (&a);
  a = get (&web, TRUE, "/resume?x=1" KEY "&corever=1");
  PF_CHECK_UINT (gs_answer_status (&a), ==, 503);
  PF_CHECK (gs_answer_is (&a, "resume", "0"));
  gs_answer_clear (&a);
  a = get (&web, TRUE, "/cancel");
  PF_CHECK_UINT (gs_answer_status (&a), ==, 200);
  PF_CHECK (gs_answer_is (&a, "cancel", "1"));
  gs_answer_clear (&a);
  gs_web_clear (&web);
  stop_host (&h);
}

/* ---- IPv6 --------------------------------------------------------------- */

static void
test_v6 (void)
{
  GsAnswer a;
  GsWeb web;
  Host h;

  start_host_at (&h, NULL, NULL); /* of both kinds */
  gs_web_init (&web, "::1", h.port);
  gs_web_identify (&web, GS_CERT_USUAL, NULL);
  PF_CHECK (pair (&web, PIN, GS_PHASE_CONFIRM, FALSE));
  a = get (&web, TRUE, "/serverinfo");
  PF_CHECK (gs_answer_is (&a, "PairStatus", "1"));
  PF_CHECK (gs_answer_is (&a, "LocalIP", "127.0.0.1"));
  gs_answer_clear (&a);
  web.address = LOCAL;
  check_info (&web, TRUE, "1");
  gs_web_clear (&web);
  stop_host (&h);
}

/* What the host tells people. */
static void
note (const gchar *text)
{
  pf_test_note ("%.*s", (int) strcspn (text, "\n"), text);
}

int
main (int argc, char **argv)
{
  g_set_print_handler (note);
  gst_init (NULL, NULL);
  PF_TEST_ADD ("/nvhttp/pair", test_pair);
  PF_TEST_ADD ("/nvhttp/wrong-pin", test_wrong_pin);
  PF_TEST_ADD ("/nvhttp/phases", test_phases);
  PF_TEST_ADD ("/nvhttp/pin-from-outside", test_pin_from_outside);
  PF_TEST_ADD ("/nvhttp/two-wait", test_two_wait);
  PF_TEST_ADD ("/nvhttp/leaves", test_leaves);
  PF_TEST_ADD ("/nvhttp/strangers", test_strangers);
  pf_test_add_data (
      "/nvhttp/expired", test_odd, GINT_TO_POINTER (GS_CERT_EXPIRED));
  pf_test_add_data (
      "/nvhttp/not-yet-valid", test_odd, GINT_TO_POINTER (GS_CERT_FUTURE));
  pf_test_add_data (
      "/nvhttp/version-2", test_odd, GINT_TO_POINTER (GS_CERT_V2));
  PF_TEST_ADD ("/nvhttp/removed", test_removed);
  PF_TEST_ADD ("/nvhttp/rights", test_rights);
  PF_TEST_ADD ("/nvhttp/names", test_names);
  PF_TEST_ADD ("/nvhttp/titles", test_titles);
  PF_TEST_ADD ("/nvhttp/bad-launches", test_bad_launches);
  PF_TEST_ADD ("/nvhttp/ipv6", test_v6);
  return pf_test_run (argc, argv);
}
