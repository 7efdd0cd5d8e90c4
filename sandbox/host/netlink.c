/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host/netlink.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_SECONDS = 10 };

/* ---- messages ---- */

int netlink_open(struct netlink *nl, int protocol)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	struct timeval wait = {.tv_sec = ANSWER_SECONDS};
	*nl = (struct netlink){.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)};
	if (nl->fd >= 0 && bind(nl->fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    setsockopt(nl->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0)
		return 0;
	int error = errno;
	netlink_close(nl);
	return error;
}

void netlink_close(struct netlink *nl)
{
	if (nl->fd >= 0)
		close(nl->fd);
	buf_release(&nl->out);
	*nl = (struct netlink)NETLINK_INIT;
}

static void pad(struct netlink *nl)
{
	buf_add_repeated(&nl->out, '\0', NLMSG_ALIGN(nl->out.len) - nl->out.len);
}

/* A message's length grows with what is added to it. The text lies unaligned in the buffer's eyes. */
static void grow(struct netlink *nl)
{
	uint32_t len = (uint32_t)(nl->out.len - nl->message);
	memcpy(nl->out.ptr + nl->message, &len, sizeof(len));
}

void netlink_message(struct netlink *nl, uint16_t type, uint16_t flags, const void *fixed, size_t len)
{
	struct nlmsghdr head = {.nlmsg_type = type, .nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST), .nlmsg_seq = ++nl->seq};
	nl->message = nl->out.len;
	nl->unanswered += (flags & NLM_F_ACK) != 0;
	buf_add(&nl->out, &head, sizeof(head));
	buf_add(&nl->out, fixed, len);
	pad(nl);
	grow(nl);
}

void netlink_attr(struct netlink *nl, uint16_t type, const void *bytes, size_t len)
{
	struct nlattr head = {.nla_type = type, .nla_len = (uint16_t)(sizeof(head) + len)};
	if (len > UINT16_MAX - sizeof(head))
		bug("a netlink attribute of %zu bytes", len);
	buf_add(&nl->out, &head, sizeof(head));
	buf_add(&nl->out, bytes, len);
	pad(nl);
	grow(nl);
}

void netlink_attr_u32(struct netlink *nl, uint16_t type, uint32_t value)
{
	netlink_attr(nl, type, &value, sizeof(value));
}

void netlink_attr_text(struct netlink *nl, uint16_t type, const char *text)
{
	netlink_attr(nl, type, text, strlen(text) + 1);
}

size_t netlink_begin(struct netlink *nl, uint16_t type)
{
	size_t place = nl->out.len;
	netlink_attr(nl, type | NLA_F_NESTED, "", 0);
	return place;
}

void netlink_end(struct netlink *nl, size_t place)
{
	size_t len = nl->out.len - place;
	if (len > UINT16_MAX)
		bug("netlink attributes of %zu bytes", len);
	uint16_t n = (uint16_t)len;
	memcpy(nl->out.ptr + place, &n, sizeof(n));
}

/* Answers in one packet: how many, and the first refusal. */
static int read_answers(const char *bytes, size_t len, unsigned *answers)
{
	int error = 0;
	for (size_t at = 0; at + sizeof(struct nlmsghdr) <= len;) {
		struct nlmsghdr head;
		struct nlmsgerr answer;
		memcpy(&head, bytes + at, sizeof(head));
		if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > len - at)
			return EBADMSG;
		if (head.nlmsg_type == NLMSG_ERROR && head.nlmsg_len >= sizeof(head) + sizeof(answer)) {
			memcpy(&answer, bytes + at + sizeof(head), sizeof(answer));
			error = error ? error : -answer.error;
			++*answers;
		}
		at += NLMSG_ALIGN(head.nlmsg_len);
	}
	return error;
}

int netlink_send(struct netlink *nl)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	unsigned wanted = nl->unanswered, answers = 0;
	ssize_t sent = sendto(nl->fd, nl->out.ptr, nl->out.len, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	int error = sent < 0 ? errno : 0;
	buf_clear(&nl->out);
	nl->unanswered = 0;
	while (!error && answers < wanted) {
		char bytes[16384];
		ssize_t got = recv(nl->fd, bytes, sizeof(bytes), 0);
		if (got < 0 && errno == EINTR)
			continue;
		error = got < 0 ? errno : read_answers(bytes, (size_t)got, &answers);
	}
	return error;
}

/* ---- rtnetlink ---- */

int link_index(struct netlink *nl, const char *name)
{
	struct ifreq request = {0};
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return ioctl(nl->fd, SIOCGIFINDEX, &request) < 0 ? 0 : request.ifr_ifindex;
}

/* `where`: an attribute that says in which namespace the peer is. */
static int add_pair(struct netlink *nl, const char *name, const char *peer, uint16_t where, uint32_t which, const unsigned char *address,
		    const unsigned char *peer_address)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_flags = address ? IFF_NOARP : 0, .ifi_change = address ? IFF_NOARP : 0};
	netlink_message(nl, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	netlink_attr_text(nl, IFLA_IFNAME, name);
	if (address)
		netlink_attr(nl, IFLA_ADDRESS, address, ETH_ALEN);
	size_t link = netlink_begin(nl, IFLA_LINKINFO);
	netlink_attr_text(nl, IFLA_INFO_KIND, "veth");
	size_t data = netlink_begin(nl, IFLA_INFO_DATA), there = netlink_begin(nl, VETH_INFO_PEER);
	buf_add(&nl->out, &info, sizeof(info));
	netlink_attr_text(nl, IFLA_IFNAME, peer);
	if (peer_address)
		netlink_attr(nl, IFLA_ADDRESS, peer_address, ETH_ALEN);
	netlink_attr_u32(nl, where, which);
	netlink_end(nl, there);
	netlink_end(nl, data);
	netlink_end(nl, link);
	return netlink_send(nl);
}

int link_veth(struct netlink *nl, const char *name, const char *peer, pid_t peer_process, const unsigned char *peer_address)
{
	return add_pair(nl, name, peer, IFLA_NET_NS_PID, (uint32_t)peer_process, NULL, peer_address);
}

int link_also_named(struct netlink *nl, const char *name, const char *other)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = link_index(nl, name)};
	netlink_message(nl, RTM_NEWLINKPROP, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND, &info, sizeof(info));
	size_t list = netlink_begin(nl, IFLA_PROP_LIST);
	netlink_attr_text(nl, IFLA_ALT_IFNAME, other);
	netlink_end(nl, list);
	return netlink_send(nl);
}

int link_cable(struct netlink *nl, const char *name, const char *peer, int peer_space)
{
	static const unsigned char both[ETH_ALEN] = {0x02, 0, 0, 0, 0, 1};
	return add_pair(nl, name, peer, IFLA_NET_NS_FD, (uint32_t)peer_space, both, both);
}

int link_up(struct netlink *nl, const char *name)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = link_index(nl, name), .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	if (!info.ifi_index)
		return ENODEV;
	netlink_message(nl, RTM_NEWLINK, NLM_F_ACK, &info, sizeof(info));
	return netlink_send(nl);
}

int link_forward(struct netlink *nl, const char *name)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = link_index(nl, name)};
	if (!info.ifi_index)
		return ENODEV;
	netlink_message(nl, RTM_NEWLINK, NLM_F_ACK, &info, sizeof(info));
	size_t spec = netlink_begin(nl, IFLA_AF_SPEC), inet = netlink_begin(nl, AF_INET), conf = netlink_begin(nl, IFLA_INET_CONF);
	netlink_attr_u32(nl, IPV4_DEVCONF_FORWARDING, 1);
	netlink_end(nl, conf);
	netlink_end(nl, inet);
	netlink_end(nl, spec);
	return netlink_send(nl);
}

int link_delete(struct netlink *nl, const char *name)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = link_index(nl, name)};
	if (!info.ifi_index)
		return ENODEV;
	netlink_message(nl, RTM_DELLINK, NLM_F_ACK, &info, sizeof(info));
	return netlink_send(nl);
}

static int change_address(struct netlink *nl, uint16_t type, uint16_t flags, const char *name, struct in_addr address, unsigned prefix)
{
	struct ifaddrmsg info = {.ifa_family = AF_INET, .ifa_prefixlen = (uint8_t)prefix, .ifa_index = (uint32_t)link_index(nl, name)};
	if (!info.ifa_index)
		return ENODEV;
	netlink_message(nl, type, NLM_F_ACK | flags, &info, sizeof(info));
	netlink_attr(nl, IFA_LOCAL, &address, sizeof(address));
	netlink_attr(nl, IFA_ADDRESS, &address, sizeof(address));
	netlink_attr_u32(nl, IFA_FLAGS, IFA_F_NOPREFIXROUTE);
	return netlink_send(nl);
}

int link_address(struct netlink *nl, const char *name, struct in_addr address, unsigned prefix)
{
	int error = change_address(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, name, address, prefix);
	return error == EEXIST ? 0 : error;
}

int link_address_remove(struct netlink *nl, const char *name, struct in_addr address, unsigned prefix)
{
	return change_address(nl, RTM_DELADDR, 0, name, address, prefix);
}

int route_add(struct netlink *nl, struct in_addr network, unsigned prefix, const char *link, struct in_addr gateway)
{
	struct rtmsg info = {.rtm_family = AF_INET, .rtm_dst_len = (uint8_t)prefix, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
			     .rtm_scope = gateway.s_addr ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK, .rtm_type = RTN_UNICAST};
	int index = link_index(nl, link);
	if (!index)
		return ENODEV;
	netlink_message(nl, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, &info, sizeof(info));
	if (prefix)
		netlink_attr(nl, RTA_DST, &network, sizeof(network));
	netlink_attr_u32(nl, RTA_OIF, (uint32_t)index);
	if (gateway.s_addr)
		netlink_attr(nl, RTA_GATEWAY, &gateway, sizeof(gateway));
	return netlink_send(nl);
}

int route_change(struct netlink *nl, bool add, const struct route *route)
{
	struct rtmsg info = {.rtm_family = AF_INET, .rtm_dst_len = (uint8_t)route->prefix, .rtm_protocol = RTPROT_STATIC,
			     .rtm_scope = route->type == RTN_UNICAST && !route->gateway.s_addr ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
			     .rtm_type = route->type, .rtm_flags = route->gateway.s_addr ? RTNH_F_ONLINK : 0};
	netlink_message(nl, add ? RTM_NEWROUTE : RTM_DELROUTE, NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_REPLACE : 0), &info, sizeof(info));
	netlink_attr_u32(nl, RTA_TABLE, route->table);
	if (route->prefix)
		netlink_attr(nl, RTA_DST, &route->network, sizeof(route->network));
	if (route->type == RTN_UNICAST)
		netlink_attr_u32(nl, RTA_OIF, (uint32_t)route->link);
	if (route->gateway.s_addr)
		netlink_attr(nl, RTA_GATEWAY, &route->gateway, sizeof(route->gateway));
	return netlink_send(nl);
}

int rule_change(struct netlink *nl, bool add, const char *link, uint32_t table, uint32_t priority)
{
	struct fib_rule_hdr info = {.family = AF_INET, .action = FR_ACT_TO_TBL};
	netlink_message(nl, add ? RTM_NEWRULE : RTM_DELRULE, NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_EXCL : 0), &info, sizeof(info));
	netlink_attr_u32(nl, FRA_PRIORITY, priority);
	netlink_attr_u32(nl, FRA_TABLE, table);
	if (link)
		netlink_attr_text(nl, FRA_IIFNAME, link);
	return netlink_send(nl);
}
