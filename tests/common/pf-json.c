/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The JSON reader of pf-json.h: recursive descent over a copy of the text;
 * strings are unescaped where they stand, numbers stay text until read.
 */
#include "pf-json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 64

struct PfJson {
  PfJsonType type;
  bool truth;
  const char *name; /* of a member */
  const char *text; /* string, or number as written */
  PfJson *first, *last, *next;
  size_t n_children;
  /* Where pf_json_at() was last: walking forward costs one step. */
  const PfJson *at;
  size_t at_index;
};

typedef struct Chunk {
  struct Chunk *next;
  size_t used;
  PfJson values[256];
} Chunk;

struct PfJsonDoc {
  char *text;
  Chunk *chunks;
  PfJson *root;
};

typedef struct {
  PfJsonDoc *doc;
  char *p;   /* next byte */
  char *end; /* one past the last; *end is 0 */
  const char *why;
} Parser;

static PfJson *
new_value (Parser *parser, PfJsonType type)
{
  Chunk *chunk = parser->doc->chunks;
  PfJson *value;

  if (!chunk || chunk->used == sizeof chunk->values / sizeof *chunk->values) {
    chunk = calloc (1, sizeof *chunk);
    if (!chunk) {
      parser->why = "out of memory";
      return NULL;
    }
    chunk->next = parser->doc->chunks;
    parser->doc->chunks = chunk;
  }
  value = &chunk->values[chunk->used++];
  value->type = type;
  return value;
}

static void *
fail (Parser *parser, const char *why)
{
  if (!parser->why)
    parser->why = why;
  return NULL;
}

static void
skip_space (Parser *parser)
{
  while (*parser->p == ' ' || *parser->p == '\t' || *parser->p == '\n' ||
         *parser->p == '\r')
    parser->p++;
}

static bool
is_digit (char c)
{
  return c >= '0' && c <= '9';
}

static int
hex_digit (char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

/* Four hexadecimal digits; -1 if there are not. */
static long
hex4 (const char *p)
{
  long code = 0;
  int i;

  for (i = 0; i < 4; i++) {
    int digit = hex_digit (p[i]);

    if (digit < 0)
      return -1;
    code = code * 16 + digit;
  }
  return code;
}

static char *
put_utf8 (char *out, unsigned long code)
{
  if (code < 0x80) {
    *out++ = (char) code;
  } else if (code < 0x800) {
    *out++ = (char) (0xc0 | (code >> 6));
    *out++ = (char) (0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    *out++ = (char) (0xe0 | (code >> 12));
    *out++ = (char) (0x80 | ((code >> 6) & 0x3f));
    *out++ = (char) (0x80 | (code & 0x3f));
  } else {
    *out++ = (char) (0xf0 | (code >> 18));
    *out++ = (char) (0x80 | ((code >> 12) & 0x3f));
    *out++ = (char) (0x80 | ((code >> 6) & 0x3f));
    *out++ = (char) (0x80 | (code & 0x3f));
  }
  return out;
}

/* Bytes of the UTF-8 character at P, 0 if there is no valid one. The text
 * ends in a zero byte, which no continuation byte equals. */
static size_t
utf8_length (const char *p)
{
  const unsigned char *u = (const unsigned char *) p;
  size_t n, i;

  if (u[0] < 0x80)
    return 1;
  if (u[0] < 0xc2 || u[0] > 0xf4)
    return 0;
  n = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
  for (i = 1; i < n; i++) {
    if ((u[i] & 0xc0) != 0x80)
      return 0;
  }
  if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ||
      (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f))
    return 0;
  return n;
}

/* After the backslash; returns the new end of the output. */
static char *
unescape (Parser *parser, char *out)
{
  long code, low;

  switch (*parser->p++) {
  case '"':
    *out++ = '"';
    return out;
  case '\\':
    *out++ = '\\';
    return out;
  case '/':
    *out++ = '/';
    return out;
  case 'b':
    *out++ = '\b';
    return out;
  case 'f':
    *out++ = '\f';
    return out;
  case 'n':
    *out++ = '\n';
    return out;
  case 'r':
    *out++ = '\r';
    return out;
  case 't':
    *out++ = '\t';
    return out;
  case 'u':
    code = hex4 (parser->p);
    if (code < 0)
      return fail (parser, "bad \\u escape");
    parser->p += 4;
    if (code >= 0xd800 && code <= 0xdbff) {
      if (parser->p[0] != '\\' || parser->p[1] != 'u')
        return fail (parser, "lone surrogate");
      low = hex4 (parser->p + 2);
      if (low < 0xdc00 || low > 0xdfff)
        return fail (parser, "lone surrogate");
      parser->p += 6;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code <= 0xdfff) {
      return fail (parser, "lone surrogate");
    }
    if (code == 0)
      return fail (parser, "U+0000 in a string");
    return put_utf8 (out, (unsigned long) code);
  default:
    parser->p--;
    return fail (parser, "bad escape");
  }
}

/* At the opening quote; ends the result with a zero byte. */
static const char *
parse_string (Parser *parser)
{
  char *start = ++parser->p, *out = start;

  while (*parser->p != '"') {
    size_t n;

    if ((unsigned char) *parser->p < 0x20)
      return fail (parser, "control character or end inside a string");
    if (*parser->p == '\\') {
      parser->p++;
      out = unescape (parser, out);
      if (!out)
        return NULL;
      continue;
    }
    n = utf8_length (parser->p);
    if (n == 0)
      return fail (parser, "bad UTF-8");
    memmove (out, parser->p, n);
    out += n;
    parser->p += n;
  }
  parser->p++;
  *out = 0;
  return start;
}

/* A number is copied out, since the byte after it belongs to the grammar. */
static const char *
parse_number (Parser *parser)
{
  char *start = parser->p;

  if (*parser->p == '-')
    parser->p++;
  if (*parser->p == '0') {
    parser->p++;
  } else if (is_digit (*parser->p)) {
    while (is_digit (*parser->p))
      parser->p++;
  } else {
    return fail (parser, "digit expected");
  }
  if (*parser->p == '.') {
    parser->p++;
    if (!is_digit (*parser->p))
      return fail (parser, "digit expected");
    while (is_digit (*parser->p))
      parser->p++;
  }
  if (*parser->p == 'e' || *parser->p == 'E') {
    parser->p++;
    if (*parser->p == '+' || *parser->p == '-')
      parser->p++;
    if (!is_digit (*parser->p))
      return fail (parser, "digit expected");
    while (is_digit (*parser->p))
      parser->p++;
  }
  return start;
}

static bool
take_word (Parser *parser, const char *word)
{
  size_t n = strlen (word);

  if (strncmp (parser->p, word, n) != 0)
    return false;
  parser->p += n;
  return true;
}

static PfJson *parse_value (Parser *parser, unsigned depth);

static bool
append (Parser *parser, PfJson *parent, PfJson *child)
{
  if (child->name) {
    const PfJson *other;

    for (other = parent->first; other; other = other->next) {
      if (strcmp (other->name, child->name) == 0) {
        fail (parser, "name given twice");
        return false;
      }
    }
  }
  if (parent->last)
    parent->last->next = child;
  else
    parent->first = child;
  parent->last = child;
  parent->n_children++;
  return true;
}

/* At the opening bracket or brace. */
static PfJson *
parse_container (Parser *parser, unsigned depth)
{
  bool object = *parser->p == '{';
  char closing = object ? '}' : ']';
  PfJson *value = new_value (parser, object ? PF_JSON_OBJECT : PF_JSON_ARRAY);

  if (!value)
    return NULL;
  if (depth >= MAX_DEPTH)
    return fail (parser, "nested too deep");
  parser->p++;
  skip_space (parser);
  if (*parser->p == closing) {
    parser->p++;
    return value;
  }
  for (;;) {
    const char *name = NULL;
    PfJson *child;

    skip_space (parser);
    if (object) {
      if (*parser->p != '"')
        return fail (parser, "name expected");
      name = parse_string (parser);
      if (!name)
        return NULL;
      skip_space (parser);
      if (*parser->p != ':')
        return fail (parser, "':' expected");
      parser->p++;
    }
    child = parse_value (parser, depth + 1);
    if (!child)
      return NULL;
    child->name = name;
    if (!append (parser, value, child))
      return NULL;
    skip_space (parser);
    if (*parser->p == closing) {
      /* The last number before it ends here. */
      *parser->p++ = 0;
      return value;
    }
    if (*parser->p != ',')
      return fail (
          parser, object ? "',' or '}' expected" : "',' or ']' expected");
    *parser->p++ = 0;
  }
}

static PfJson *
parse_value (Parser *parser, unsigned depth)
{
  PfJson *value;

  skip_space (parser);
  switch (*parser->p) {
  case '{':
  case '[':
    return parse_container (parser, depth);
  case '"':
    value = new_value (parser, PF_JSON_STRING);
    if (value && !(value->text = parse_string (parser)))
      return NULL;
    return value;
  case 't':
  case 'f':
    value = new_value (parser, PF_JSON_BOOL);
    if (!value)
      return NULL;
    value->truth = *parser->p == 't';
    if (!take_word (parser, value->truth ? "true" : "false"))
      return fail (parser, "value expected");
    return value;
  case 'n':
    value = new_value (parser, PF_JSON_NULL);
    if (value && !take_word (parser, "null"))
      return fail (parser, "value expected");
    return value;
  default:
    if (*parser->p != '-' && !is_digit (*parser->p))
      return fail (parser, "value expected");
    value = new_value (parser, PF_JSON_NUMBER);
    if (value && !(value->text = parse_number (parser)))
      return NULL;
    return value;
  }
}

PfJsonDoc *
pf_json_parse (const char *text, size_t length, char *error, size_t error_size)
{
  PfJsonDoc *doc = calloc (1, sizeof *doc);
  Parser parser = { doc, NULL, NULL, NULL };

  if (doc)
    doc->text = malloc (length + 1);
  if (!doc || !doc->text) {
    if (error)
      snprintf (error, error_size, "out of memory");
    free (doc);
    return NULL;
  }
  if (length)
    memcpy (doc->text, text, length);
  doc->text[length] = 0;
  parser.p = doc->text;
  parser.end = doc->text + length;

  doc->root = parse_value (&parser, 0);
  if (doc->root) {
    char *after = parser.p;

    skip_space (&parser);
    if (parser.p != parser.end)
      fail (&parser, "something after the end");
    else
      *after = 0;
  }
  if (parser.why) {
    if (error)
      snprintf (error, error_size, "at byte %zu: %s",
          (size_t) (parser.p - doc->text), parser.why);
    pf_json_free (doc);
    return NULL;
  }
  return doc;
}

PfJsonDoc *
pf_json_load (const char *path, char *error, size_t error_size)
{
  FILE *file = fopen (path, "rb");
  char *text = NULL;
  size_t length = 0, room = 0;
  PfJsonDoc *doc = NULL;
  char why[128] = "";

  while (file) {
    size_t n;

    if (room - length < 65536) {
      char *more = realloc (text, room + 65536 + room / 2);

      if (!more)
        break;
      text = more;
      room += 65536 + room / 2;
    }
    n = fread (text + length, 1, room - length, file);
    length += n;
    if (n == 0)
      break;
  }
  if (!file || ferror (file)) {
    if (error)
      snprintf (error, error_size, "%s: %s", path, strerror (errno));
  } else if (!feof (file)) {
    if (error)
      snprintf (error, error_size, "%s: out of memory", path);
  } else {
    doc = pf_json_parse (text, length, why, sizeof why);
    if (!doc && error)
      snprintf (error, error_size, "%s: %s", path, why);
  }
  if (file)
    fclose (file);
  free (text);
  return doc;
}

void
pf_json_free (PfJsonDoc *doc)
{
  if (!doc)
    return;
  while (doc->chunks) {
    Chunk *next = doc->chunks->next;

    free (doc->chunks);
    doc->chunks = next;
  }
  free (doc->text);
  free (doc);
}

const PfJson *
pf_json_root (const PfJsonDoc *doc)
{
  return doc ? doc->root : NULL;
}

PfJsonType
pf_json_type (const PfJson *value)
{
  return value ? value->type : (PfJsonType) 0;
}

const PfJson *
pf_json_member (const PfJson *object, const char *name)
{
  const PfJson *child;

  if (pf_json_type (object) != PF_JSON_OBJECT)
    return NULL;
  for (child = object->first; child; child = child->next) {
    if (strcmp (child->name, name) == 0)
      return child;
  }
  return NULL;
}

size_t
pf_json_length (const PfJson *value)
{
  return value ? value->n_children : 0;
}

const PfJson *
pf_json_at (const PfJson *value, size_t index)
{
  PfJson *parent = (PfJson *) value;

  if (!value || index >= value->n_children)
    return NULL;
  if (!parent->at || parent->at_index > index) {
    parent->at = parent->first;
    parent->at_index = 0;
  }
  while (parent->at_index < index) {
    parent->at = parent->at->next;
    parent->at_index++;
  }
  return parent->at;
}

const PfJson *
pf_json_first (const PfJson *value)
{
  return value ? value->first : NULL;
}

const PfJson *
pf_json_next (const PfJson *value)
{
  return value ? value->next : NULL;
}

const char *
pf_json_name (const PfJson *value)
{
  return value ? value->name : NULL;
}

const char *
pf_json_string (const PfJson *value)
{
  return pf_json_type (value) == PF_JSON_STRING ? value->text : NULL;
}

bool
pf_json_bool (const PfJson *value, bool *out)
{
  if (pf_json_type (value) != PF_JSON_BOOL)
    return false;
  *out = value->truth;
  return true;
}

/* Blank space may stand between a number and the byte that ended it. */
static bool
is_number_end (const char *end)
{
  return *end == 0 || strchr (" \t\r\n", *end);
}

bool
pf_json_int64 (const PfJson *value, int64_t *out)
{
  long long number;
  char *end;

  if (pf_json_type (value) != PF_JSON_NUMBER)
    return false;
  errno = 0;
  number = strtoll (value->text, &end, 10);
  if (errno || !is_number_end (end))
    return false;
  *out = number;
  return true;
}

bool
pf_json_uint64 (const PfJson *value, uint64_t *out)
{
  unsigned long long number;
  char *end;

  if (pf_json_type (value) != PF_JSON_NUMBER || value->text[0] == '-')
    return false;
  errno = 0;
  number = strtoull (value->text, &end, 10);
  if (errno || !is_number_end (end))
    return false;
  *out = number;
  return true;
}

bool
pf_json_double (const PfJson *value, double *out)
{
  double number;
  char *end;

  if (pf_json_type (value) != PF_JSON_NUMBER)
    return false;
  errno = 0;
  number = strtod (value->text, &end);
  if (errno || !is_number_end (end))
    return false;
  *out = number;
  return true;
}

bool
pf_json_hex (const PfJson *value, uint8_t **out, size_t *n)
{
  const char *text = pf_json_string (value);
  size_t length = text ? strlen (text) : 0, i;
  uint8_t *bytes;

  if (!text || length % 2 != 0)
    return false;
  bytes = malloc (length / 2 + 1);
  if (!bytes)
    return false;
  for (i = 0; i < length / 2; i++) {
    int high = hex_digit (text[2 * i]), low = hex_digit (text[2 * i + 1]);

    if (high < 0 || low < 0) {
      free (bytes);
      return false;
    }
    bytes[i] = (uint8_t) (high * 16 + low);
  }
  *out = bytes;
  *n = length / 2;
  return true;
}
