/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What all benchmarks say about the machine, and how they sum runs up. */
#include "bench-common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

bool
bench_optimized (void)
{
#ifdef __OPTIMIZE__
  return true;
#else
  return false;
#endif
}

void
bench_cpu_name (char *name, size_t size)
{
  struct utsname system;
  char line[256];
  FILE *f = fopen ("/proc/cpuinfo", "r");

  if (uname (&system) == 0)
    snprintf (name, size, "%s", system.machine);
  else
    snprintf (name, size, "unknown");
  if (f == NULL)
    return;
  while (fgets (line, sizeof line, f) != NULL) {
    char *value = strchr (line, ':');

    if (strncmp (line, "model name", 10) == 0 && value != NULL) {
      value += value[1] == ' ' ? 2 : 1;
      value[strcspn (value, "\n")] = '\0';
      snprintf (name, size, "%s", value);
      break;
    }
  }
  fclose (f);
}

double
bench_load (void)
{
  FILE *f = fopen ("/proc/loadavg", "r");
  double load = -1;

  if (f == NULL)
    return -1;
  if (fscanf (f, "%lf", &load) != 1)
    load = -1;
  fclose (f);
  return load;
}

void
bench_json_string (const char *text)
{
  putchar ('"');
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char) *text;

    if (c == '"' || c == '\\')
      printf ("\\%c", c);
    else if (c < 0x20)
      printf ("\\u%04x", c);
    else
      putchar (c);
  }
  putchar ('"');
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

double
bench_median (const double *values, int n)
{
  double sorted[BENCH_MAX_RUNS];

  memcpy (sorted, values, (size_t) n * sizeof *values);
  qsort (sorted, (size_t) n, sizeof *sorted, compare_doubles);
  return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

double
bench_percentile (double *values, size_t n, double percent)
{
  size_t at = (size_t) ((double) n * percent / 100);

  qsort (values, n, sizeof *values, compare_doubles);
  return values[at < n ? at : n - 1];
}

int
bench_parse_int (const char *text, int low, int high, int *value)
{
  char *end;
  long n;

  if (text == NULL || *text == '\0')
    return -1;
  errno = 0;
  n = strtol (text, &end, 10);
  if (errno != 0 || *end != '\0' || n < low || n > high)
    return -1;
  *value = (int) n;
  return 0;
}
