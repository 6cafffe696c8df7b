"""What a lore file may cost to read; each limit is checked before the work it bounds is done."""

from __future__ import annotations

from npcops.lore_paths import MAX_SIDECAR_BYTES

MAX_BYTES = 20 * 1024 * 1024
"""Size of a file as uploaded."""

MAX_FRONT_MATTER_BYTES = MAX_SIDECAR_BYTES
"""Size of the front matter of a document in UTF-8 bytes, the same as that of a `<name>.meta.yaml`."""

MAX_TEXT_CHARS = 2_000_000
"""Characters of text in one document, markup included for formats that are text themselves (JSON and YAML too)."""

MAX_HEADING_CHARS = 200
"""A longer heading is ordinary text that somebody made large."""

MAX_BRACKETS = 5_000
"""Opening square brackets in one Markdown paragraph: the parser's time grows with their square."""

MAX_PDF_PAGES = 500
MAX_PDF_STREAM_BYTES = 16 * 1024 * 1024
"""Uncompressed size of one PDF stream; a page of dense text needs less than 200 KiB."""

MAX_PDF_STREAM_TOKENS = 300_000
"""Operators and operands of one PDF page."""

MAX_PDF_OPERATORS = 3_000_000
"""Drawing operators of a whole PDF, every use of a shared form counted."""

MAX_ARCHIVE_ENTRIES = 2_000
MAX_ARCHIVE_BYTES = 100 * 1024 * 1024
"""Uncompressed size of everything in an archive (.docx is a zip file)."""

MAX_ARCHIVE_RATIO = 200
"""Uncompressed size over compressed size, for archives above `MIN_RATIO_BYTES`."""

MIN_RATIO_BYTES = 1024 * 1024
"""Below this uncompressed size no ratio does harm."""

MAX_NESTING = 50
"""Levels of JSON, YAML, HTML lists and tables, or Ink braces inside each other."""

MAX_DATA_NODES = 500_000
"""Values in a JSON or YAML file, every use of a YAML alias counted in full."""

MAX_CSV_CELL = 131_072
"""Characters of one CSV cell."""

MAX_COLUMNS = 1_000
"""Columns of a table."""
