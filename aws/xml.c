/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/xml.h"

#include "base/buf.h"

#include <libxml/xmlreader.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_LIMIT = 120 };

struct aws_xml {
	xmlTextReaderPtr reader;
	struct buf content;
	struct buf name;
	struct buf value; /* of the attribute asked for last */
	struct buf error;
	unsigned depth;
	bool empty; /* the element just opened closes at once */
	bool was_close;
};

static void take_error(void *ctx, xmlErrorPtr error)
{
	struct aws_xml *xml = ctx;
	/* Namespaces that are no absolute URIs, and the like, are nobody's trouble. */
	if (xml->error.len || error->level != XML_ERR_FATAL)
		return;
	buf_addf(&xml->error, "line %d: %s", error->line, error->message ? error->message : "not well-formed");
	while (xml->error.len && xml->error.ptr[xml->error.len - 1] == '\n')
		xml->error.ptr[--xml->error.len] = '\0';
}

/* Errors of its decoders come without the reader they belong to, and would be printed by the library. */
PRINTF_LIKE(2, 3)
static void silence(void *ctx, const char *fmt, ...)
{
	(void)ctx;
	(void)fmt;
}

struct aws_xml *aws_xml_open(const char *text, size_t len)
{
	struct aws_xml *xml = xcalloc(1, sizeof(*xml));
	xmlSetGenericErrorFunc(NULL, silence);
	if (len > INT_MAX) {
		buf_adds(&xml->error, "it is too long");
		return xml;
	}
	xml->reader = xmlReaderForMemory(text, (int)len, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOCDATA);
	if (!xml->reader)
		out_of_memory();
	xmlTextReaderSetStructuredErrorHandler(xml->reader, take_error, xml);
	return xml;
}

void aws_xml_close(struct aws_xml *xml)
{
	if (!xml)
		return;
	if (xml->reader)
		xmlFreeTextReader(xml->reader);
	buf_release(&xml->content);
	buf_release(&xml->name);
	buf_release(&xml->value);
	buf_release(&xml->error);
	free(xml);
}

static enum aws_xml_event failed(struct aws_xml *xml, const char *reason)
{
	if (!xml->error.len)
		buf_adds(&xml->error, reason);
	return AWS_XML_ERROR;
}

static void take_name(struct aws_xml *xml)
{
	const xmlChar *name = xmlTextReaderConstLocalName(xml->reader);
	buf_clear(&xml->name);
	buf_adds(&xml->name, name ? (const char *)name : "");
}

static enum aws_xml_event closed(struct aws_xml *xml)
{
	xml->empty = false;
	xml->was_close = true;
	xml->depth--;
	return AWS_XML_CLOSE;
}

enum aws_xml_event aws_xml_next(struct aws_xml *xml)
{
	if (xml->error.len)
		return AWS_XML_ERROR;
	if (xml->empty) {
		buf_clear(&xml->content);
		return closed(xml);
	}
	if (xml->was_close)
		buf_clear(&xml->content);
	xml->was_close = false;
	for (;;) {
		int result = xmlTextReaderRead(xml->reader);
		if (result < 0 || xml->error.len)
			return failed(xml, "it is not well-formed");
		if (result == 0)
			return xml->depth ? failed(xml, "it ends too early") : AWS_XML_END;
		const xmlChar *text;
		switch (xmlTextReaderNodeType(xml->reader)) {
		case XML_READER_TYPE_ELEMENT:
			if (++xml->depth > DEPTH_LIMIT)
				return failed(xml, "it is nested too deeply");
			take_name(xml);
			buf_clear(&xml->content);
			xml->empty = xmlTextReaderIsEmptyElement(xml->reader) == 1;
			return AWS_XML_OPEN;
		case XML_READER_TYPE_END_ELEMENT:
			take_name(xml);
			return closed(xml);
		case XML_READER_TYPE_TEXT:
		case XML_READER_TYPE_CDATA:
		case XML_READER_TYPE_WHITESPACE:
		case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
			text = xmlTextReaderConstValue(xml->reader);
			if (text)
				buf_adds(&xml->content, (const char *)text);
			break;
		case XML_READER_TYPE_DOCUMENT_TYPE:
		case XML_READER_TYPE_ENTITY_REFERENCE:
			return failed(xml, "it has a document type");
		default:
			break;
		}
	}
}

const char *aws_xml_name(const struct aws_xml *xml)
{
	return buf_text(&xml->name);
}

const char *aws_xml_attribute(struct aws_xml *xml, const char *name)
{
	xmlChar *value = xmlTextReaderGetAttribute(xml->reader, (const xmlChar *)name);
	if (!value)
		return NULL;
	buf_clear(&xml->value);
	buf_adds(&xml->value, (const char *)value);
	xmlFree(value);
	return buf_text(&xml->value);
}

const char *aws_xml_content(const struct aws_xml *xml, size_t *len)
{
	*len = xml->content.len;
	return buf_text(&xml->content);
}

bool aws_xml_skip(struct aws_xml *xml)
{
	unsigned outside = xml->depth - 1;
	for (;;) {
		enum aws_xml_event event = aws_xml_next(xml);
		if (event == AWS_XML_ERROR)
			return false;
		if (event == AWS_XML_END || (event == AWS_XML_CLOSE && xml->depth == outside))
			return true;
	}
}

unsigned aws_xml_depth(const struct aws_xml *xml)
{
	return xml->depth;
}

const char *aws_xml_error(const struct aws_xml *xml)
{
	return buf_text(&xml->error);
}

void aws_xml_escape(const char *text, size_t len, struct buf *out)
{
	size_t from = 0;
	for (size_t i = 0; i < len; i++) {
		const char *with = NULL;
		switch (text[i]) {
		case '&':
			with = "&amp;";
			break;
		case '<':
			with = "&lt;";
			break;
		case '>':
			with = "&gt;";
			break;
		case '"':
			with = "&quot;";
			break;
		case '\r':
			with = "&#xD;";
			break;
		case '\n':
			with = "&#xA;";
			break;
		default:
			continue;
		}
		buf_add(out, text + from, i - from);
		buf_adds(out, with);
		from = i + 1;
	}
	buf_add(out, text + from, len - from);
}
