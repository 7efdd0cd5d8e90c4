# SPDX-License-Identifier: Apache-2.0
# Limits of an account: what one that trains has mostly been given, beside AWS's default. They are kept to, and who asks
# for more is given it.

service = "service-quotas"
invalid = "IllegalArgumentException"
no_page = "InvalidPaginationTokenException"

# Service, code, name, value, AWS's default, unit.
function "quotas" {
  params = []
  result = [for q in [
    ["ec2", "L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 256, 5, "None"],
    ["ec2", "L-34B43A08", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", 256, 5, "None"],
    ["ec2", "L-417A185B", "Running On-Demand P instances", 192, 0, "None"],
    ["ec2", "L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests", 192, 0, "None"],
    ["ec2", "L-C4BD4855", "All P5 Spot Instance Requests", 192, 0, "None"],
    ["ec2", "L-DB2E81BA", "Running On-Demand G and VT instances", 192, 0, "None"],
    ["ec2", "L-3819A6DF", "All G and VT Spot Instance Requests", 192, 0, "None"],
    ["ec2", "L-6E869C2A", "Running On-Demand DL instances", 192, 0, "None"],
    ["ec2", "L-85EED4F7", "All DL Spot Instance Requests", 192, 0, "None"],
    ["ec2", "L-2C3B7624", "Running On-Demand Trn instances", 128, 0, "None"],
    ["ec2", "L-6B0D517C", "All Trn Spot Instance Requests", 128, 0, "None"],
    ["ec2", "L-1945791B", "Running On-Demand Inf instances", 96, 0, "None"],
    ["ec2", "L-B5D1601B", "All Inf Spot Instance Requests", 96, 0, "None"],
    ["ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", 5, 5, "None"],
    ["vpc", "L-F678F1CE", "VPCs per Region", 5, 5, "None"],
    ["vpc", "L-A4707A72", "Internet gateways per Region", 5, 5, "None"],
    ["vpc", "L-407747CB", "Subnets per VPC", 200, 200, "None"],
    ["vpc", "L-0EA8095F", "Inbound or outbound rules per security group", 60, 60, "None"],
    ["vpc", "L-FE5A380F", "NAT gateways per Availability Zone", 5, 5, "None"],
    ["elasticfilesystem", "L-848C634D", "File systems per account", 1000, 1000, "None"],
    ] : {
    ServiceCode = q[0], QuotaCode = q[1], QuotaName = q[2], Value = max(concat([q[3]], where("quota_increase", { QuotaCode = q[1] })[*].DesiredValue)...), default = q[4], Unit = q[5], Adjustable = true, GlobalQuota = false
    ServiceName = { ec2 = "Amazon Elastic Compute Cloud (Amazon EC2)", vpc = "Amazon Virtual Private Cloud (Amazon VPC)", elasticfilesystem = "Amazon Elastic File System (EFS)" }[q[0]]
    QuotaArn    = "arn:aws:servicequotas:${region}:${account}:${q[0]}/${q[1]}", QuotaAppliedAtLevel = "ACCOUNT"
  }]
}

# null where there is no such quota
function "quota_value" {
  params = [code]
  result = one([for q in quotas() : q if q.QuotaCode == code]).Value
}

kind "quota_increase" {
  id             = "Id"
  absent         = "NoSuchResourceException"
  absent_message = "The request failed because the specified quota increase request does not exist."
  shape          = "RequestedServiceQuotaChange"
}

# args: service, code
procedure "need_quota" {
  fail "NoSuchResourceException" {
    when    = !contains([for q in quotas() : q.ServiceCode], args.service) || args.code != null && length([for q in quotas() : q if q.ServiceCode == args.service && q.QuotaCode == args.code]) == 0
    message = "The request failed because the specified service or quota does not exist."
  }
}

function "default_quota" {
  params = [q]
  result = with(q, { Value = q.default, QuotaArn = "arn:aws:servicequotas:${region}::${q.ServiceCode}/${q.QuotaCode}", QuotaAppliedAtLevel = null })
}

operation "GetServiceQuota" {
  run "need_quota" {
    with = { service = in.ServiceCode, code = in.QuotaCode }
  }
  answer = { Quota = one([for q in quotas() : q if q.ServiceCode == in.ServiceCode && q.QuotaCode == in.QuotaCode]) }
}

operation "GetAWSDefaultServiceQuota" {
  run "need_quota" {
    with = { service = in.ServiceCode, code = in.QuotaCode }
  }
  answer = { Quota = one([for q in quotas() : default_quota(q) if q.ServiceCode == in.ServiceCode && q.QuotaCode == in.QuotaCode]) }
}

operation "ListServiceQuotas" {
  run "need_quota" {
    with = { service = in.ServiceCode, code = in.QuotaCode }
  }
  answer = { Quotas = [for q in quotas() : q if q.ServiceCode == in.ServiceCode && (in.QuotaCode == null || q.QuotaCode == in.QuotaCode)] }
}

operation "ListAWSDefaultServiceQuotas" {
  run "need_quota" {
    with = { service = in.ServiceCode }
  }
  answer = { Quotas = [for q in quotas() : default_quota(q) if q.ServiceCode == in.ServiceCode] }
}

# The sandbox says yes, at once.
operation "RequestServiceQuotaIncrease" {
  run "need_quota" {
    with = { service = in.ServiceCode, code = in.QuotaCode }
  }
  let {
    quota = one([for q in quotas() : q if q.ServiceCode == in.ServiceCode && q.QuotaCode == in.QuotaCode])
  }
  fail "IllegalArgumentException" {
    when    = in.DesiredValue <= quota.Value
    message = "You must provide a quota value greater than the current quota value (${quota.Value})."
  }
  create "quota_increase" {
    id = new_id("")
    value = {
      ServiceCode = quota.ServiceCode, ServiceName = quota.ServiceName, QuotaCode = quota.QuotaCode, QuotaName = quota.QuotaName, QuotaArn = quota.QuotaArn
      DesiredValue = in.DesiredValue, Status = "APPROVED", Created = now, LastUpdated = now, Unit = quota.Unit, GlobalQuota = false, QuotaRequestedAtLevel = "ACCOUNT"
      Requester = jsonencode({ accountId = account })
    }
  }
  answer = { RequestedQuota = quota_increase }
}

operation "GetRequestedServiceQuotaChange" {
  need "quota_increase" {
    id = in.RequestId
  }
  answer = { RequestedQuota = quota_increase }
}
