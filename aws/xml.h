/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XML element by element, from a text in memory (libxml2 behind it). No network, no document types
 * and so no entities but the five of XML; depth and sizes are limited.
 */
#pragma once

#include "base/base.h"

struct buf;
struct aws_xml;

enum aws_xml_event {
	AWS_XML_OPEN,  /* a start tag */
	AWS_XML_CLOSE, /* an end tag; aws_xml_content() has the text since the last tag */
	AWS_XML_END,   /* of the document */
	AWS_XML_ERROR,
};

/* The text must live as long as the reader. */
struct aws_xml *aws_xml_open(const char *text, size_t len);
void aws_xml_close(struct aws_xml *xml); /* NULL accepted */

enum aws_xml_event aws_xml_next(struct aws_xml *xml);
/* Of the element just opened or closed; without its namespace prefix. Valid until the next event. */
const char *aws_xml_name(const struct aws_xml *xml);
/* An attribute of the element just opened, by its name as written ("xsi:type"), or NULL. */
const char *aws_xml_attribute(struct aws_xml *xml, const char *name);
const char *aws_xml_content(const struct aws_xml *xml, size_t *len);
/* After AWS_XML_OPEN: reads on until this element has been closed. False on AWS_XML_ERROR. */
bool aws_xml_skip(struct aws_xml *xml);
/* How many elements are open. */
unsigned aws_xml_depth(const struct aws_xml *xml);
/* After AWS_XML_ERROR: the reason. */
const char *aws_xml_error(const struct aws_xml *xml);

/* Appends text with & < > " escaped, and line breaks as references, which parsers would change. */
void aws_xml_escape(const char *text, size_t len, struct buf *out);
