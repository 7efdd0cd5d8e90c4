# SPDX-License-Identifier: Apache-2.0
# What hosts cost: on demand, as AWS publishes it for us-east-1, and on the spot market.

service = "pricing"
invalid = "InvalidParameterException"
no_page = "InvalidNextTokenException"

# USD an hour for a vCPU, where a family grows evenly; of T types, for a GiB.
function "price_per_unit" {
  params = []
  result = {
    t2 = 0.0116, t3 = 0.0104, t3a = 0.0094, t4g = 0.0084
    m5 = 0.048, m6i = 0.048, m6g = 0.0385, m7i = 0.0504, c5 = 0.0425, c6i = 0.0425, c7i = 0.044625, r5 = 0.063, r6i = 0.063
  }
}

function "accelerated_prices" {
  params = []
  result = {
    "p2.xlarge" = 0.9, "p2.8xlarge" = 7.2, "p2.16xlarge" = 14.4
    "p3.2xlarge" = 3.06, "p3.8xlarge" = 12.24, "p3.16xlarge" = 24.48, "p3dn.24xlarge" = 31.212
    "p4d.24xlarge" = 32.7726, "p4de.24xlarge" = 40.96657, "p5.48xlarge" = 98.32
    "g4dn.xlarge" = 0.526, "g4dn.2xlarge" = 0.752, "g4dn.4xlarge" = 1.204, "g4dn.8xlarge" = 2.176, "g4dn.12xlarge" = 3.912, "g4dn.16xlarge" = 4.352
    "g5.xlarge" = 1.006, "g5.2xlarge" = 1.212, "g5.4xlarge" = 1.624, "g5.8xlarge" = 2.448, "g5.12xlarge" = 5.672, "g5.16xlarge" = 4.096, "g5.24xlarge" = 8.144, "g5.48xlarge" = 16.288
    "g6.xlarge" = 0.8048, "g6.2xlarge" = 0.9776, "g6.4xlarge" = 1.3232, "g6.12xlarge" = 4.6016, "g6.48xlarge" = 13.3504
    "dl1.24xlarge" = 13.10904, "dl2q.24xlarge" = 8.9194, "trn1.2xlarge" = 1.34375, "trn1.32xlarge" = 21.5
    "inf2.xlarge" = 0.7582, "inf2.8xlarge" = 1.96786, "inf2.48xlarge" = 12.98127
  }
}

# USD an hour; null where it is not known.
function "hour_price" {
  params = [type]
  result = accelerated_prices()[type.InstanceType] != null ? accelerated_prices()[type.InstanceType] : price_per_unit()[split(".", type.InstanceType)[0]] == null ? null : (
    price_per_unit()[split(".", type.InstanceType)[0]] * (substr(type.InstanceType, 0, 1) == "t" ? type.MemoryInfo.SizeInMiB / 1024 : type.VCpuInfo.DefaultVCpus)
  )
}

# Spot prices differ by zone and do not move: three to six tenths of the other.
function "spot_price" {
  params = [type, zone]
  result = format("%.6f", hour_price(type) * (30 + parseint(substr(sha256("${type.InstanceType} ${zone}"), 0, 4), 16) % 31) / 100)
}

function "price_entry" {
  params = [type, place]
  result = {
    sku = upper(substr(sha256("${type.InstanceType} ${place}"), 0, 16))
    attributes = {
      servicecode = "AmazonEC2", servicename = "Amazon Elastic Compute Cloud", regionCode = place, locationType = "AWS Region", instanceType = type.InstanceType
      currentGeneration = type.CurrentGeneration ? "Yes" : "No", vcpu = tostring(type.VCpuInfo.DefaultVCpus), memory = "${type.MemoryInfo.SizeInMiB / 1024} GiB"
      operatingSystem = "Linux", tenancy = "Shared", preInstalledSw = "NA", capacitystatus = "Used", licenseModel = "No License required", marketoption = "OnDemand"
      usagetype = "BoxUsage:${type.InstanceType}", operation = "RunInstances"
    }
    price = format("%.10f", hour_price(type))
  }
}

# One product as the price list has it: a document of its own.
function "price_document" {
  params = [e]
  result = jsonencode({
    product     = { productFamily = "Compute Instance", attributes = e.attributes, sku = e.sku }
    serviceCode = "AmazonEC2"
    terms = { OnDemand = { "${e.sku}.JRTCKXETXF" = {
      sku = e.sku, offerTermCode = "JRTCKXETXF", effectiveDate = "2024-10-01T00:00:00Z", termAttributes = {}
      priceDimensions = { "${e.sku}.JRTCKXETXF.6YS6EN2CT7" = {
        unit = "Hrs", beginRange = "0", endRange = "Inf", appliesTo = [], rateCode = "${e.sku}.JRTCKXETXF.6YS6EN2CT7", pricePerUnit = { USD = e.price }
        description = "USD ${e.price} per On Demand Linux ${e.attributes.instanceType} Instance Hour"
      } }
    } } }
    version = "20241001000000", publicationDate = "2024-10-01T00:00:00Z"
  })
}

operation "GetProducts" {
  fail "NotImplemented" {
    when    = in.ServiceCode != "AmazonEC2"
    message = "The sandbox cloud knows prices of AmazonEC2 alone."
    status  = 501
  }
  let {
    wanted  = { for f in ifnull(in.Filters, []) : f.Field => f.Value... }
    place   = one(ifnull(wanted.regionCode, [region]))
    entries = [for t in all("instance_type") : price_entry(t, place) if hour_price(t) != null && (wanted.instanceType == null || contains(ifnull(wanted.instanceType, []), t.InstanceType))]
  }
  answer = {
    FormatVersion = "aws_v1"
    PriceList     = [for e in entries : price_document(e) if alltrue([for name, values in wanted : e.attributes[name] != null && alltrue([for v in values : v == e.attributes[name]])])]
  }
  ignore = ["FormatVersion"]
}
