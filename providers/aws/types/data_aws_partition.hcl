# SPDX-License-Identifier: Apache-2.0
data "aws_partition" {
  id = partition

  schema {
    dns_suffix         = out(string, from(dns_suffix))
    id                 = opt(string, computed, to(none))
    partition          = out(string, from(partition))
    reverse_dns_prefix = out(string, from(join(".", reverse(split(".", dns_suffix)))))
  }
}
