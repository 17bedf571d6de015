/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Runs a fuzz target without libFuzzer over the files of its corpus, one
 * test each (TAP): the inputs that once mattered are tried in every build.
 *
 * usage: replay-NAME FILE_OR_DIRECTORY...
 *
 * A promise that does not hold ends the program, which the test harness sees
 * as a failure. PF_TEST_PLANT=1 adds a test that fails.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* No input of a corpus comes near this. */
#define MAX_BYTES (1 << 20)

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n_bytes);

static unsigned long n_run, n_bad;

static void
replay (const char *path)
{
  FILE *file = fopen (path, "rb");
  uint8_t *bytes = malloc (MAX_BYTES), *exact = NULL;
  size_t n = 0;
  int good = file != NULL && bytes != NULL;

  if (good) {
    n = fread (bytes, 1, MAX_BYTES, file);
    good = !ferror (file) && n < MAX_BYTES;
  }
  if (file != NULL)
    fclose (file);
  /* as large as the input, so that a read past it shows */
  if (good)
    exact = malloc (n > 0 ? n : 1);
  if (exact != NULL) {
    memcpy (exact, bytes, n);
    printf ("# %s, %zu bytes\n", path, n);
    fflush (stdout);
    LLVMFuzzerTestOneInput (exact, n);
  } else {
    n_bad++;
  }
  printf ("%sok %lu - %s\n", exact != NULL ? "" : "not ", ++n_run, path);
  free (exact);
  free (bytes);
}

static void
replay_all (const char *path)
{
  struct stat st;
  struct dirent **entries;
  int n;

  if (stat (path, &st) != 0 || !S_ISDIR (st.st_mode)) {
    replay (path);
    return;
  }
  n = scandir (path, &entries, NULL, alphasort);
  for (int i = 0; i < n; i++) {
    char *inside = NULL;
    size_t size = strlen (path) + strlen (entries[i]->d_name) + 2;

    if (entries[i]->d_name[0] != '.')
      inside = malloc (size);
    if (inside != NULL) {
      snprintf (inside, size, "%s/%s", path, entries[i]->d_name);
      replay (inside);
    }
    free (inside);
    free (entries[i]);
  }
  if (n >= 0)
    free (entries);
}

int
main (int argc, char **argv)
{
  const char *plant = getenv ("PF_TEST_PLANT");

  printf ("TAP version 13\n");
  for (int i = 1; i < argc; i++)
    replay_all (argv[i]);
  if (n_run == 0) {
    printf ("not ok 1 - no input found\n");
    n_run = n_bad = 1;
  }
  if (plant != NULL && strcmp (plant, "1") == 0) {
    printf ("not ok %lu - planted\n", ++n_run);
    n_bad++;
  }
  printf ("1..%lu\n", n_run);
  return n_bad > 0;
}
