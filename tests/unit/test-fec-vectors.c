/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Every FEC vector of both wire protocols: the parity must be theirs byte
 * for byte, and the data must come back after losses of every kind.
 *
 * PF_TEST_VECTORS names the directory that holds punktfunk1/ and gamestream/.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fec-kernel.h"
#include "fec-rows.h"
#include "pf-json.h"
#include "pf-test.h"
#include "pf.h"
#include "sha256.h"

typedef struct Vector Vector;

struct Vector {
  Vector *next;
  char path[64]; /* of the test */
  uint32_t scheme, k, m;
  size_t size;
  const char *label;    /* data by SHA-256 counter, or NULL */
  uint64_t seed;        /* data by congruential generator */
  const PfJson *vector; /* where the expected values are looked up */
};

static Vector *vectors;

typedef struct {
  const char *file, *name;
  uint32_t scheme;
  unsigned expected; /* how many vectors there must be at least */
  PfJsonDoc *doc;
} Source;

static Source sources[] = {
  { "punktfunk1/fec_gf16.json", "gf16", PF_FEC_GF16, 19, NULL },
  { "punktfunk1/fec_gf8.json", "gf8", PF_FEC_GF8, 5, NULL },
  { "gamestream/video_rs.json", "video", PF_FEC_GF8, 13, NULL },
  { "gamestream/audio_rs.json", "audio", PF_FEC_AUDIO, 6, NULL },
};

#define N_SOURCES (sizeof sources / sizeof sources[0])

static void
fill_by_label (const char *label, uint32_t shard, uint8_t *bytes, size_t size)
{
  for (uint64_t counter = 0; size > 0; counter++) {
    char prefix[128];
    uint8_t be[8], digest[32];
    size_t n = size < 32 ? size : 32;
    int length;
    Sha256 sha;

    length = snprintf (prefix, sizeof prefix, "%s/d%u/", label, shard);
    PF_REQUIRE (length > 0 && (size_t) length < sizeof prefix);
    for (unsigned b = 0; b < 8; b++)
      be[b] = (uint8_t) (counter >> (56 - 8 * b));
    sha256_init (&sha);
    sha256_update (&sha, prefix, (size_t) length);
    sha256_update (&sha, be, 8);
    sha256_final (&sha, digest);
    memcpy (bytes, digest, n);
    bytes += n;
    size -= n;
  }
}

static void
check_hash (const PfJson *expected, const void *bytes, size_t size)
{
  uint8_t digest[32];
  char hex[65];
  Sha256 sha;

  sha256_init (&sha);
  sha256_update (&sha, bytes, size);
  sha256_final (&sha, digest);
  sha256_hex (digest, hex);
  PF_CHECK_STR (hex, pf_json_string (expected));
}

/* An array of hex strings against rows in one piece; counts the rows. */
static unsigned
check_rows (const PfJson *array, const uint8_t *rows, uint32_t n, size_t size)
{
  unsigned checked = 0;

  if (array == NULL)
    return 0;
  PF_CHECK_UINT (pf_json_length (array), ==, n);
  for (const PfJson *row = pf_json_first (array); row != NULL;
       row = pf_json_next (row)) {
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;

    PF_REQUIRE (pf_json_hex (row, &bytes, &n_bytes));
    PF_CHECK_UINT (n_bytes, ==, size);
    if (n_bytes == size && checked < n)
      PF_CHECK_MEM (rows + checked * size, bytes, size);
    free (bytes);
    checked++;
  }
  return checked;
}

/* The same with one hash for each row. */
static unsigned
check_row_hashes (
    const PfJson *array, const uint8_t *rows, uint32_t n, size_t size)
{
  unsigned checked = 0;

  if (array == NULL)
    return 0;
  PF_CHECK_UINT (pf_json_length (array), ==, n);
  for (const PfJson *row = pf_json_first (array); row != NULL && checked < n;
       row = pf_json_next (row), checked++)
    check_hash (row, rows + checked * size, size);
  return checked;
}

/* Encoding the unit rows shows the coefficients themselves. */
static void
check_matrix (const Vector *v, const PfJson *expected)
{
  PfFecConfig config = PF_FEC_CONFIG_INIT;
  PfFec *fec;
  FecRows rows;
  uint8_t *row = calloc (v->k, 1), *matrix = calloc (v->m, v->k);

  PF_REQUIRE (row != NULL && matrix != NULL);
  config.scheme = v->scheme;
  config.data_shards = v->k;
  config.parity_shards = v->m;
  config.shard_size = v->k;
  PF_REQUIRE_INT (pf_fec_new (&config, &fec), ==, PF_OK);
  PF_REQUIRE (
      fec_rows_init (&rows, v->k, v->m, v->k, FEC_ROWS_CANARIES, 0, NULL, 0));
  for (uint32_t i = 0; i < v->k; i++) {
    row[i] = 1;
    fec_rows_put (&rows, i, row);
    row[i] = 0;
  }
  PF_CHECK_INT (fec_rows_encode (&rows, fec, false), ==, PF_OK);
  for (uint32_t j = 0; j < v->m; j++)
    fec_rows_get (&rows, v->k + j, matrix + j * v->k);
  PF_CHECK_UINT (check_rows (expected, matrix, v->m, v->k), ==, v->m);
  fec_rows_clear (&rows);
  pf_fec_free (fec);
  free (matrix);
  free (row);
}

static void
lose_and_restore (const Vector *v, PfFec *fec, FecRows *rows,
    const uint8_t *content, const uint8_t *present, const char *what)
{
  uint8_t *junk = malloc (v->size);

  PF_REQUIRE (junk != NULL);
  for (uint32_t r = 0; r < v->k + v->m; r++) {
    if (present[r]) {
      fec_rows_put (rows, r, content + r * v->size);
    } else {
      pf_test_random_bytes (junk, v->size);
      fec_rows_put (rows, r, junk);
    }
  }
  PF_CHECK_INT (fec_rows_decode (rows, fec, false, present), ==, PF_OK);
  for (uint32_t r = 0; r < v->k + v->m; r++)
    if ((r < v->k || present[r]) &&
        !fec_rows_equal (rows, r, content + r * v->size)) {
      pf_test_fail (__FILE__, __LINE__, "row %u is wrong: %s", r, what);
      break;
    }
  PF_CHECK (fec_rows_intact (rows));
  free (junk);
}

/* Marks as lost the rows whose bit is set, at most m. */
static void
all_patterns (const Vector *v, PfFec *fec, FecRows *rows,
    const uint8_t *content, uint8_t *present)
{
  uint32_t n = v->k + v->m;

  for (uint32_t mask = 0; mask < 1u << n; mask++) {
    unsigned lost = 0;

    for (uint32_t r = 0; r < n; r++) {
      present[r] = !(mask >> r & 1);
      lost += !present[r];
    }
    if (lost <= v->m)
      lose_and_restore (v, fec, rows, content, present, "all patterns");
  }
}

static void
some_patterns (const Vector *v, PfFec *fec, FecRows *rows,
    const uint8_t *content, uint8_t *present)
{
  uint32_t n = v->k + v->m, worst = v->m < v->k ? v->m : v->k;
  uint32_t *order = calloc (n, sizeof *order);

  PF_REQUIRE (order != NULL);

  memset (present, 1, n);
  memset (present, 0, worst);
  lose_and_restore (v, fec, rows, content, present, "first data lost");

  memset (present, 1, n);
  memset (present + v->k - worst, 0, worst);
  lose_and_restore (v, fec, rows, content, present, "last data lost");

  memset (present, 1, n);
  memset (present + v->k, 0, v->m);
  lose_and_restore (v, fec, rows, content, present, "all parity lost");

  memset (present, 1, n);
  present[v->k / 2] = 0;
  lose_and_restore (v, fec, rows, content, present, "one row lost");

  /* m lost in a stretch that holds data and parity alike */
  memset (present, 1, n);
  memset (present + v->k - worst / 2, 0, v->m);
  lose_and_restore (v, fec, rows, content, present, "a burst at the border");

  for (unsigned round = 0; round < 3; round++) {
    for (uint32_t r = 0; r < n; r++)
      order[r] = r;
    memset (present, 1, n);
    for (uint32_t r = 0; r < v->m; r++) {
      uint32_t other = r + (uint32_t) pf_test_random_below (n - r);

      present[order[other]] = 0;
      order[other] = order[r];
    }
    lose_and_restore (v, fec, rows, content, present, "random rows lost");
  }
  free (order);
}

static void
test_vector (const void *data)
{
  const Vector *v = data;
  const PfJson *j = v->vector, *hash;
  PfFecConfig config = PF_FEC_CONFIG_INIT;
  uint32_t n = v->k + v->m, state = (uint32_t) v->seed;
  uint8_t *content = malloc (n * v->size), *present = malloc (n);
  const uint8_t *parity = content + v->k * v->size;
  unsigned compared = 0;
  PfFec *fec;
  FecRows rows;

  PF_REQUIRE (content != NULL && present != NULL);
  for (uint32_t i = 0; i < v->k; i++) {
    uint8_t *row = content + i * v->size;

    if (v->label != NULL)
      fill_by_label (v->label, i, row, v->size);
    else
      for (size_t b = 0; b < v->size; b++) {
        state = 1664525u * state + 1013904223u;
        row[b] = (uint8_t) (state >> 24);
      }
  }
  /* Is it the data the vector means? */
  compared += check_rows (pf_json_member (j, "data"), content, v->k, v->size);
  compared +=
      check_rows (pf_json_member (j, "data_hex"), content, v->k, v->size);
  hash = pf_json_member (j, "data_sha256");
  if (hash != NULL) {
    check_hash (hash, content, v->k * v->size);
    compared++;
  }
  PF_REQUIRE (compared > 0);

  config.scheme = v->scheme;
  config.data_shards = v->k;
  config.parity_shards = v->m;
  config.shard_size = v->size;
  PF_REQUIRE_INT (pf_fec_new (&config, &fec), ==, PF_OK);
  PF_REQUIRE (fec_rows_init (
      &rows, v->k, v->m, v->size, FEC_ROWS_CANARIES, 0, NULL, 0));
  for (uint32_t i = 0; i < v->k; i++)
    fec_rows_put (&rows, i, content + i * v->size);
  PF_CHECK_INT (fec_rows_encode (&rows, fec, false), ==, PF_OK);
  PF_CHECK (fec_rows_intact (&rows));
  for (uint32_t i = 0; i < v->k; i++)
    PF_CHECK (fec_rows_equal (&rows, i, content + i * v->size));
  for (uint32_t r = v->k; r < n; r++)
    fec_rows_get (&rows, r, content + r * v->size);

  compared =
      check_rows (pf_json_member (j, "recovery_hex"), parity, v->m, v->size);
  compared += check_rows (pf_json_member (j, "parity"), parity, v->m, v->size);
  compared += check_row_hashes (
      pf_json_member (j, "recovery_sha256"), parity, v->m, v->size);
  hash = pf_json_member (j, "recovery_all_sha256");
  if (hash == NULL)
    hash = pf_json_member (j, "parity_sha256");
  if (hash != NULL)
    check_hash (hash, parity, v->m * v->size);
  PF_REQUIRE_UINT (compared, >=, v->m);

  if (pf_json_member (j, "matrix_rows") != NULL)
    check_matrix (v, pf_json_member (j, "matrix_rows"));

  if (n <= 8)
    all_patterns (v, fec, &rows, content, present);
  else
    some_patterns (v, fec, &rows, content, present);

  fec_rows_clear (&rows);
  pf_fec_free (fec);
  free (present);
  free (content);
}

/* Either name of a count; false when neither is there. */
static bool
number (
    const PfJson *vector, const char *name, const char *other, uint64_t *value)
{
  return pf_json_uint64 (pf_json_member (vector, name), value) ||
         (other != NULL &&
             pf_json_uint64 (pf_json_member (vector, other), value));
}

static bool
add_vector (const Source *source, const PfJson *json)
{
  Vector *v = calloc (1, sizeof *v);
  uint64_t k = 4, m = 2, size = 0;

  if (v == NULL)
    return false;
  v->next = vectors;
  vectors = v;
  v->scheme = source->scheme;
  v->vector = json;
  v->label = pf_json_string (pf_json_member (json, "data_label"));
  if (!number (json, "shard_bytes", "shard_size", &size) ||
      (v->label == NULL && !number (json, "lcg_seed", NULL, &v->seed)))
    return false;
  if (source->scheme != PF_FEC_AUDIO &&
      (!number (json, "data_shards", NULL, &k) ||
          !number (json, "recovery_shards", "parity_shards", &m)))
    return false;
  v->k = (uint32_t) k;
  v->m = (uint32_t) m;
  v->size = (size_t) size;
  snprintf (v->path, sizeof v->path, "/fec/vectors/%s/%u-%u-%zu", source->name,
      v->k, v->m, v->size);
  pf_test_add_data (v->path, test_vector, v);
  return true;
}

/* The files could be read and no vector went missing. */
static void
test_complete (void)
{
  for (size_t s = 0; s < N_SOURCES; s++) {
    const PfJson *list =
        pf_json_member (pf_json_root (sources[s].doc), "vectors");

    PF_CHECK_UINT (pf_json_length (list), >=, sources[s].expected);
  }
}

int
main (int argc, char **argv)
{
  const char *folder = getenv ("PF_TEST_VECTORS");
  int result;

  if (!fec_kernel_add_test ())
    return pf_test_run (argc, argv);

  if (folder == NULL) {
    printf ("Bail out! PF_TEST_VECTORS names no directory\n");
    return 99;
  }
  PF_TEST_ADD ("/fec/vectors/complete", test_complete);
  for (size_t s = 0; s < N_SOURCES; s++) {
    char path[4096], error[256] = "";
    const PfJson *list;

    snprintf (path, sizeof path, "%s/%s", folder, sources[s].file);
    sources[s].doc = pf_json_load (path, error, sizeof error);
    list = pf_json_member (pf_json_root (sources[s].doc), "vectors");
    for (const PfJson *v = pf_json_first (list); v != NULL;
         v = pf_json_next (v))
      if (!add_vector (&sources[s], v)) {
        printf ("Bail out! a vector of %s cannot be read\n", path);
        return 99;
      }
    if (error[0] != 0)
      printf ("# %s: %s\n", path, error);
  }
  result = pf_test_run (argc, argv);
  while (vectors != NULL) {
    Vector *next = vectors->next;

    free (vectors);
    vectors = next;
  }
  for (size_t s = 0; s < N_SOURCES; s++)
    pf_json_free (sources[s].doc);
  return result;
}
