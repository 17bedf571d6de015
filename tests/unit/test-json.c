/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The JSON reader of the tests: if it misreads a vector, every test that
 * stands on it is worth nothing.
 */
#include "pf-json.h"
#include "pf-test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static PfJsonDoc *
parse (const char *text)
{
  char error[128] = "";
  PfJsonDoc *doc = pf_json_parse (text, strlen (text), error, sizeof error);

  if (!doc)
    pf_test_fail (__FILE__, __LINE__, "%s: %s", text, error);
  return doc;
}

static void
test_types (void)
{
  static const char text[] =
      " { \"n\" : null , \"t\":true,\"f\":false, \"i\": -12 ,"
      "\"s\":\"text\",\"a\":[1, [] , {} ,2 ],\"o\":{\"x\":{\"y\":7}}}\r\n\t ";
  PfJsonDoc *doc = parse (text);
  const PfJson *root = pf_json_root (doc), *array, *value;
  int64_t number = 0;
  bool truth = false;

  PF_REQUIRE (root);
  PF_CHECK_INT (pf_json_type (root), ==, PF_JSON_OBJECT);
  PF_CHECK_UINT (pf_json_length (root), ==, 7);
  PF_CHECK_INT (pf_json_type (pf_json_member (root, "n")), ==, PF_JSON_NULL);
  PF_CHECK (pf_json_bool (pf_json_member (root, "t"), &truth) && truth);
  PF_CHECK (pf_json_bool (pf_json_member (root, "f"), &truth) && !truth);
  PF_CHECK (pf_json_int64 (pf_json_member (root, "i"), &number));
  PF_CHECK_INT (number, ==, -12);
  PF_CHECK_STR (pf_json_string (pf_json_member (root, "s")), "text");
  PF_CHECK (!pf_json_member (root, "absent"));

  array = pf_json_member (root, "a");
  PF_CHECK_INT (pf_json_type (array), ==, PF_JSON_ARRAY);
  PF_CHECK_UINT (pf_json_length (array), ==, 4);
  PF_CHECK (pf_json_int64 (pf_json_at (array, 3), &number) && number == 2);
  PF_CHECK (pf_json_int64 (pf_json_at (array, 0), &number) && number == 1);
  PF_CHECK_INT (pf_json_type (pf_json_at (array, 1)), ==, PF_JSON_ARRAY);
  PF_CHECK_UINT (pf_json_length (pf_json_at (array, 1)), ==, 0);
  PF_CHECK_INT (pf_json_type (pf_json_at (array, 2)), ==, PF_JSON_OBJECT);
  PF_CHECK (!pf_json_at (array, 4));

  value = pf_json_member (pf_json_member (root, "o"), "x");
  PF_CHECK (pf_json_int64 (pf_json_member (value, "y"), &number));
  PF_CHECK_INT (number, ==, 7);
  PF_CHECK_STR (pf_json_name (pf_json_first (root)), "n");
  PF_CHECK_STR (pf_json_name (pf_json_next (pf_json_first (root))), "t");
  pf_json_free (doc);
}

static void
test_wrong_type (void)
{
  PfJsonDoc *doc = parse ("[\"1\", 1.5, -1, 1e2, 18446744073709551616, {}]");
  const PfJson *root = pf_json_root (doc);
  uint64_t u = 99;
  int64_t i = 99;
  double d = 99;
  bool b = true;
  uint8_t *bytes = NULL;
  size_t n = 99;

  PF_REQUIRE (root);
  PF_CHECK (!pf_json_uint64 (pf_json_at (root, 0), &u));
  PF_CHECK (!pf_json_uint64 (pf_json_at (root, 1), &u));
  PF_CHECK (!pf_json_uint64 (pf_json_at (root, 2), &u));
  PF_CHECK (!pf_json_uint64 (pf_json_at (root, 3), &u));
  PF_CHECK (!pf_json_uint64 (pf_json_at (root, 4), &u));
  PF_CHECK (!pf_json_uint64 (pf_json_at (root, 5), &u));
  PF_CHECK (!pf_json_uint64 (NULL, &u));
  PF_CHECK (!pf_json_int64 (pf_json_at (root, 1), &i));
  PF_CHECK (!pf_json_int64 (pf_json_at (root, 4), &i));
  PF_CHECK (!pf_json_double (pf_json_at (root, 0), &d));
  PF_CHECK (!pf_json_bool (pf_json_at (root, 0), &b));
  PF_CHECK (!pf_json_hex (pf_json_at (root, 2), &bytes, &n));
  PF_CHECK (!pf_json_string (pf_json_at (root, 2)));
  PF_CHECK (!pf_json_member (root, "1"));
  PF_CHECK (!pf_json_member (NULL, "1"));
  PF_CHECK_UINT (u, ==, 99);
  PF_CHECK_INT (i, ==, 99);
  PF_CHECK (fabs (d - 99) < 0.5 && b && !bytes && n == 99);
  pf_json_free (doc);
}

static void
test_numbers (void)
{
  PfJsonDoc *doc = parse ("[0, -0 , 18446744073709551615,"
                          "9223372036854775807,-9223372036854775808\n,"
                          "0.25, -1.5e+3, 2E-2]");
  const PfJson *root = pf_json_root (doc);
  uint64_t u;
  int64_t i;
  double d;

  PF_REQUIRE_UINT (pf_json_length (root), ==, 8);
  PF_CHECK (pf_json_uint64 (pf_json_at (root, 0), &u) && u == 0);
  PF_CHECK (pf_json_int64 (pf_json_at (root, 1), &i) && i == 0);
  PF_CHECK (pf_json_uint64 (pf_json_at (root, 2), &u) && u == UINT64_MAX);
  PF_CHECK (!pf_json_int64 (pf_json_at (root, 2), &i));
  PF_CHECK (pf_json_int64 (pf_json_at (root, 3), &i) && i == INT64_MAX);
  PF_CHECK (pf_json_int64 (pf_json_at (root, 4), &i) && i == INT64_MIN);
  PF_CHECK (pf_json_double (pf_json_at (root, 5), &d) && d == 0.25);
  PF_CHECK (pf_json_double (pf_json_at (root, 6), &d) && d == -1500);
  PF_CHECK (
      pf_json_double (pf_json_at (root, 7), &d) && fabs (d - 0.02) < 1e-15);
  pf_json_free (doc);

  doc = parse (" 42 ");
  PF_CHECK (pf_json_int64 (pf_json_root (doc), &i) && i == 42);
  pf_json_free (doc);
}

static void
test_strings (void)
{
  PfJsonDoc *doc =
      parse ("[\"\", \"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\\u0041\\u00e9\\u20ac\","
             "\"\\ud83d\\ude00\", \"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\","
             "\"a\\u0062c\"]");
  const PfJson *root = pf_json_root (doc);

  PF_CHECK_STR (pf_json_string (pf_json_at (root, 0)), "");
  PF_CHECK_STR (pf_json_string (pf_json_at (root, 1)), "\"\\/\b\f\n\r\t");
  PF_CHECK_STR (pf_json_string (pf_json_at (root, 2)), "A\xc3\xa9\xe2\x82\xac");
  PF_CHECK_STR (pf_json_string (pf_json_at (root, 3)), "\xf0\x9f\x98\x80");
  PF_CHECK_STR (pf_json_string (pf_json_at (root, 4)),
      "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  PF_CHECK_STR (pf_json_string (pf_json_at (root, 5)), "abc");
  pf_json_free (doc);
}

static void
test_hex (void)
{
  static const uint8_t expected[] = { 0x00, 0x7f, 0xab, 0xff };
  PfJsonDoc *doc = parse ("[\"007fABff\", \"\", \"abc\", \"0g\"]");
  const PfJson *root = pf_json_root (doc);
  uint8_t *bytes = NULL;
  size_t n = 0;

  PF_REQUIRE (pf_json_hex (pf_json_at (root, 0), &bytes, &n));
  PF_CHECK_UINT (n, ==, sizeof expected);
  PF_CHECK_MEM (bytes, expected, sizeof expected);
  free (bytes);
  bytes = NULL;
  PF_CHECK (pf_json_hex (pf_json_at (root, 1), &bytes, &n) && bytes && n == 0);
  free (bytes);
  PF_CHECK (!pf_json_hex (pf_json_at (root, 2), &bytes, &n));
  PF_CHECK (!pf_json_hex (pf_json_at (root, 3), &bytes, &n));
  pf_json_free (doc);
}

static void
test_refused (void)
{
  static const char *const texts[] = { "", " ", "{", "[", "[1", "[1,", "[1,]",
    "[,1]", "{\"a\":1,}", "{\"a\"}", "{a:1}", "{\"a\":1 \"b\":2}", "{1:2}",
    "[1 2]", "[1]]", "1 2", "nul", "tr", "True", "+1", "01", "-", "1.", ".5",
    "1e", "1e+", "0x10", "NaN", "Infinity", "'a'", "\"a", "\"\\x\"",
    "\"\\u12\"", "\"\\u12g4\"", "\"\\u0000\"", "\"\\ud800\"",
    "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\t\"", "\"\n\"", "\"\xff\"",
    "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xe2\x82\"",
    "{\"a\":1,\"a\":2}", "/* */ 1", "[1] // c", "[1}", "{\"a\":1]" };
  size_t i;

  for (i = 0; i < sizeof texts / sizeof *texts; i++) {
    char error[128] = "";
    PfJsonDoc *doc =
        pf_json_parse (texts[i], strlen (texts[i]), error, sizeof error);

    if (doc)
      pf_test_fail (__FILE__, __LINE__, "accepted: %s", texts[i]);
    PF_CHECK (strncmp (error, "at byte ", 8) == 0);
    PF_CHECK (!pf_json_parse (texts[i], strlen (texts[i]), NULL, 0));
    pf_json_free (doc);
  }
  /* A zero byte ends nothing. */
  PF_CHECK (!pf_json_parse ("1\0", 2, NULL, 0));
  PF_CHECK (!pf_json_parse ("[\"a\0b\"]", 7, NULL, 0));
  PF_CHECK (!pf_json_parse (NULL, 0, NULL, 0));
  pf_json_free (NULL);
}

static void
test_depth (void)
{
  char text[2 * 65 + 1];
  unsigned depth;

  for (depth = 64; depth <= 65; depth++) {
    PfJsonDoc *doc;

    memset (text, '[', depth);
    memset (text + depth, ']', depth);
    doc = pf_json_parse (text, 2 * depth, NULL, 0);
    PF_CHECK_INT (doc != NULL, ==, depth == 64);
    pf_json_free (doc);
  }
}

/* Nothing to compare but the sanitizer's silence: damaged documents. */
static void
test_damage (void)
{
  static const char text[] =
      "{\"a\":[1,-2.5e3,\"x\\u00e9\\ud83d\\ude00\",null],"
      "\"b\":{\"c\":true,\"d\":\"\xe2\x82\xac\"}}";
  unsigned round, n_accepted = 0;

  for (round = 0; round < 20000; round++) {
    char copy[sizeof text];
    size_t length = sizeof text - 1, n_changes = 1 + round % 3;
    PfJsonDoc *doc;

    memcpy (copy, text, sizeof text);
    while (n_changes--)
      copy[pf_test_random_below (length)] = (char) pf_test_random ();
    if (round % 2)
      length = pf_test_random_below (length + 1);
    doc = pf_json_parse (copy, length, NULL, 0);
    n_accepted += doc != NULL;
    pf_json_free (doc);
  }
  PF_CHECK_UINT (n_accepted, >, 0);
  PF_CHECK_UINT (n_accepted, <, 20000 / 2);
}

static void
test_load (void)
{
  char error[512] = "", path[4096];
  const char *dir = getenv ("PF_TEST_VECTORS");
  PfJsonDoc *doc;
  size_t n;

  PF_CHECK (!pf_json_load ("/nonexistent/file.json", error, sizeof error));
  PF_CHECK (strstr (error, "/nonexistent/file.json"));
  PF_REQUIRE (dir);
  PF_REQUIRE_INT (
      snprintf (path, sizeof path, "%s/punktfunk1/fec_gf16.json", dir), <,
      (int) sizeof path);
  doc = pf_json_load (path, error, sizeof error);
  if (!doc)
    pf_test_fail (__FILE__, __LINE__, "%s", error);
  n = pf_json_length (pf_json_member (pf_json_root (doc), "vectors"));
  PF_CHECK_UINT (n, >, 0);
  pf_json_free (doc);
}

int
main (int argc, char **argv)
{
  PF_TEST_ADD ("/json/types", test_types);
  PF_TEST_ADD ("/json/wrong-type", test_wrong_type);
  PF_TEST_ADD ("/json/numbers", test_numbers);
  PF_TEST_ADD ("/json/strings", test_strings);
  PF_TEST_ADD ("/json/hex", test_hex);
  PF_TEST_ADD ("/json/refused", test_refused);
  PF_TEST_ADD ("/json/depth", test_depth);
  PF_TEST_ADD ("/json/damage", test_damage);
  PF_TEST_ADD ("/json/load", test_load);
  return pf_test_run (argc, argv);
}
