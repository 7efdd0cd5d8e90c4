# SPDX-License-Identifier: Apache-2.0
# Instance types: what people train on, and what stands beside it.

service = "ec2"

kind "instance_type" {
  id             = "InstanceType"
  absent         = "InvalidInstanceType"
  absent_message = "The following supplied instance types do not exist: [${id}]"
  shape          = "InstanceTypeInfo"
  filters {
    current-generation                 = self.CurrentGeneration
    processor-info-supported-architecture = self.ProcessorInfo.SupportedArchitectures
  }
}

# Families that grow evenly: GiB for each vCPU, and their sizes.
function "even_families" {
  params = []
  result = {
    t2  = { sizes = ["micro 1 1", "small 1 2", "medium 2 4", "large 2 8", "xlarge 4 16", "2xlarge 8 32"] }
    t3  = { sizes = ["nano 2 0.5", "micro 2 1", "small 2 2", "medium 2 4", "large 2 8", "xlarge 4 16", "2xlarge 8 32"] }
    t3a = { sizes = ["nano 2 0.5", "micro 2 1", "small 2 2", "medium 2 4", "large 2 8", "xlarge 4 16", "2xlarge 8 32"] }
    t4g = { arm = true, sizes = ["nano 2 0.5", "micro 2 1", "small 2 2", "medium 2 4", "large 2 8", "xlarge 4 16", "2xlarge 8 32"] }
    m5  = { gib = 4, cpus = [2, 4, 8, 16, 32, 48, 64, 96] }
    m6i = { gib = 4, cpus = [2, 4, 8, 16, 32, 48, 64, 96, 128] }
    m6g = { gib = 4, arm = true, cpus = [1, 2, 4, 8, 16, 32, 48, 64] }
    m7i = { gib = 4, cpus = [2, 4, 8, 16, 32, 48, 64, 96, 192] }
    c6i = { gib = 2, cpus = [2, 4, 8, 16, 32, 48, 64, 96, 128] }
    c7i = { gib = 2, cpus = [2, 4, 8, 16, 32, 48, 64, 96, 192] }
    r5  = { gib = 8, cpus = [2, 4, 8, 16, 32, 48, 64, 96] }
    r6i = { gib = 8, cpus = [2, 4, 8, 16, 32, 48, 64, 96, 128] }
    c5  = { sizes = ["large 2 4", "xlarge 4 8", "2xlarge 8 16", "4xlarge 16 32", "9xlarge 36 72", "12xlarge 48 96", "18xlarge 72 144", "24xlarge 96 192"] }
  }
}

# Name, vCPUs, GiB; what computes: maker, name, how many, GiB of each.
function "accelerated_types" {
  params = []
  result = [
    ["p2.xlarge", 4, 61, "NVIDIA", "K80", 1, 12], ["p2.8xlarge", 32, 488, "NVIDIA", "K80", 8, 12], ["p2.16xlarge", 64, 732, "NVIDIA", "K80", 16, 12],
    ["p3.2xlarge", 8, 61, "NVIDIA", "V100", 1, 16], ["p3.8xlarge", 32, 244, "NVIDIA", "V100", 4, 16], ["p3.16xlarge", 64, 488, "NVIDIA", "V100", 8, 16],
    ["p3dn.24xlarge", 96, 768, "NVIDIA", "V100", 8, 32],
    ["p4d.24xlarge", 96, 1152, "NVIDIA", "A100", 8, 40], ["p4de.24xlarge", 96, 1152, "NVIDIA", "A100", 8, 80], ["p5.48xlarge", 192, 2048, "NVIDIA", "H100", 8, 80],
    ["g4dn.xlarge", 4, 16, "NVIDIA", "T4", 1, 16], ["g4dn.2xlarge", 8, 32, "NVIDIA", "T4", 1, 16], ["g4dn.4xlarge", 16, 64, "NVIDIA", "T4", 1, 16],
    ["g4dn.8xlarge", 32, 128, "NVIDIA", "T4", 1, 16], ["g4dn.12xlarge", 48, 192, "NVIDIA", "T4", 4, 16], ["g4dn.16xlarge", 64, 256, "NVIDIA", "T4", 1, 16],
    ["g5.xlarge", 4, 16, "NVIDIA", "A10G", 1, 24], ["g5.2xlarge", 8, 32, "NVIDIA", "A10G", 1, 24], ["g5.4xlarge", 16, 64, "NVIDIA", "A10G", 1, 24],
    ["g5.8xlarge", 32, 128, "NVIDIA", "A10G", 1, 24], ["g5.12xlarge", 48, 192, "NVIDIA", "A10G", 4, 24], ["g5.16xlarge", 64, 256, "NVIDIA", "A10G", 1, 24],
    ["g5.24xlarge", 96, 384, "NVIDIA", "A10G", 4, 24], ["g5.48xlarge", 192, 768, "NVIDIA", "A10G", 8, 24],
    ["g6.xlarge", 4, 16, "NVIDIA", "L4", 1, 24], ["g6.2xlarge", 8, 32, "NVIDIA", "L4", 1, 24], ["g6.4xlarge", 16, 64, "NVIDIA", "L4", 1, 24],
    ["g6.12xlarge", 48, 192, "NVIDIA", "L4", 4, 24], ["g6.48xlarge", 192, 768, "NVIDIA", "L4", 8, 24],
    ["dl1.24xlarge", 96, 768, "Habana", "Gaudi HL-205", 8, 32], ["dl2q.24xlarge", 96, 768, "Qualcomm", "AI100", 8, 16],
    ["trn1.2xlarge", 8, 32, "AWS", "Trainium", 1, 32], ["trn1.32xlarge", 128, 512, "AWS", "Trainium", 16, 32],
    ["inf2.xlarge", 4, 16, "AWS", "Inferentia2", 1, 32], ["inf2.8xlarge", 32, 128, "AWS", "Inferentia2", 1, 32], ["inf2.48xlarge", 192, 384, "AWS", "Inferentia2", 12, 32],
  ]
}

# Of our list; or of a family and a size that AWS might have.
function "is_known_type" {
  params = [type]
  result = get("instance_type", ifnull(type, "")) != null || (can(regex("^[a-z]+[0-9]+[a-z-]*\\.(nano|micro|small|medium|large|[0-9]*xlarge|metal.*)$", ifnull(type, ""))) && !contains([for t in all("instance_type") : split(".", t.InstanceType)[0]], split(".", ifnull(type, "."))[0]))
}

# Where few regions have a family.
function "is_offered" {
  params = [type]
  result = contains(ifnull({ dl1 = ["us-east-1", "us-west-2"], dl2q = ["us-west-2", "eu-central-1"] }[split(".", type)[0]], [region]), region)
}

function "size_name" {
  params = [cpus]
  result = cpus == 1 ? "medium" : cpus == 2 ? "large" : cpus == 4 ? "xlarge" : "${cpus / 4}xlarge"
}

procedure "make_instance_types" {
  each "type" {
    in = concat(
      flatten([for family, f in even_families() : f.sizes != null ?
        [for s in f.sizes : { name = "${family}.${split(" ", s)[0]}", cpus = tonumber(split(" ", s)[1]), gib = tonumber(split(" ", s)[2]), arm = f.arm == true }] :
        [for n in f.cpus : { name = "${family}.${size_name(n)}", cpus = n, gib = n * f.gib, arm = f.arm == true }]
      ]),
      [for a in accelerated_types() : { name = a[0], cpus = a[1], gib = a[2], arm = false, maker = a[3], chip = a[4], count = a[5], chip_gib = a[6] } if is_offered(a[0])],
    )
    let {
      one_thread = type.arm || like(type.name, "t2.micro") || like(type.name, "t2.small")
      chips      = type.maker == null ? null : { Name = type.chip, Manufacturer = type.maker, Count = type.count, MemoryInfo = { SizeInMiB = type.chip_gib * 1024 } }
    }
    create "instance_type" {
      id = type.name
      value = {
        CurrentGeneration             = !like(type.name, "p2.*") && !like(type.name, "m1.*")
        FreeTierEligible              = contains(["t2.micro", "t3.micro"], type.name)
        SupportedUsageClasses         = ["on-demand", "spot"]
        SupportedRootDeviceTypes      = ["ebs"]
        SupportedVirtualizationTypes  = ["hvm"]
        BareMetal                     = false
        Hypervisor                    = like(type.name, "t2.*") || like(type.name, "p2.*") || like(type.name, "p3.*") ? "xen" : "nitro"
        ProcessorInfo                 = { SupportedArchitectures = [type.arm ? "arm64" : "x86_64"] }
        VCpuInfo                      = { DefaultVCpus = type.cpus, DefaultCores = one_thread ? type.cpus : type.cpus / 2, DefaultThreadsPerCore = one_thread ? 1 : 2 }
        MemoryInfo                    = { SizeInMiB = type.gib * 1024 }
        InstanceStorageSupported      = contains(["dl1", "p3dn", "p4d", "p4de", "p5", "g4dn", "g5", "g6", "trn1"], split(".", type.name)[0])
        BurstablePerformanceSupported = like(type.name, "t?.*") || like(type.name, "t3a.*") || like(type.name, "t4g.*")
        EbsInfo                       = { EbsOptimizedSupport = like(type.name, "t2.*") ? "unsupported" : "default", EncryptionSupport = "supported", NvmeSupport = like(type.name, "t2.*") || like(type.name, "p?.*") ? "unsupported" : "required" }
        PlacementGroupInfo            = { SupportedStrategies = ["cluster", "partition", "spread"] }
        HibernationSupported          = false
        AutoRecoverySupported         = true
        GpuInfo                       = type.maker == "NVIDIA" || type.maker == "Habana" ? { Gpus = [chips], TotalGpuMemoryInMiB = type.count * type.chip_gib * 1024 } : null
        InferenceAcceleratorInfo      = type.chip == "AI100" ? { Accelerators = [chips] } : null
        NeuronInfo                    = type.maker == "AWS" ? { NeuronDevices = [{ Name = type.chip, Count = type.count, MemoryInfo = { SizeInMiB = type.chip_gib * 1024 } }], TotalNeuronDeviceMemoryInMiB = type.count * type.chip_gib * 1024 } : null
      }
    }
  }
}

operation "DescribeInstanceTypes" {
  list "instance_type" {
    ids  = in.InstanceTypes
    page = 100
  }
  open = ["InstanceTypes"]
}

operation "DescribeInstanceTypeOfferings" {
  let {
    places  = ifnull(in.LocationType, "region") == "region" ? [region] : in.LocationType == "availability-zone" ? zones() : [for z in zones() : zone_id(z)]
    unknown = [for f in ifnull(in.Filters, []) : f.Name if !contains(["instance-type", "location"], f.Name)]
  }
  fail "InvalidParameterValue" {
    when    = length(unknown) > 0
    message = "The filter '${one(unknown)}' is invalid"
  }
  answer = {
    InstanceTypeOfferings = flatten([for t in all("instance_type") : [for p in places : { InstanceType = t.InstanceType, Location = p, LocationType = ifnull(in.LocationType, "region") }
    if alltrue([for f in ifnull(in.Filters, []) : anytrue([for v in f.Values : like(f.Name == "location" ? p : t.InstanceType, v)])])]])
  }
}

# Spot prices do not move: the price of now is that of the whole time.
operation "DescribeSpotPriceHistory" {
  let {
    names   = { instance-type = "InstanceType", availability-zone = "AvailabilityZone", availability-zone-id = "AvailabilityZoneId", product-description = "ProductDescription", spot-price = "SpotPrice", timestamp = "Timestamp" }
    unknown = [for f in ifnull(in.Filters, []) : f.Name if names[f.Name] == null]
    types   = [for t in all("instance_type") : t if hour_price(t) != null && (isblank(in.InstanceTypes) || contains(ifnull(in.InstanceTypes, []), t.InstanceType))]
    prices = flatten([for t in types : [for z in zones() : {
      InstanceType = t.InstanceType, AvailabilityZone = z, AvailabilityZoneId = zone_id(z), ProductDescription = "Linux/UNIX", SpotPrice = spot_price(t, z), Timestamp = ifnull(in.StartTime, formatdate("YYYY-MM-DD'T'hh':00:00Z'", now))
    } if in.AvailabilityZone == null || in.AvailabilityZone == z]])
  }
  fail "InvalidParameterValue" {
    when    = length(unknown) > 0
    message = "The filter '${one(unknown)}' is invalid"
  }
  fail "InvalidParameterValue" {
    when    = in.AvailabilityZone != null && !contains(zones(), in.AvailabilityZone)
    message = "Invalid availability zone: [${in.AvailabilityZone}]"
  }
  answer = {
    SpotPriceHistory = [for p in prices : p if(isblank(in.ProductDescriptions) || anytrue([for d in ifnull(in.ProductDescriptions, []) : like("Linux/UNIX", replace(d, " (Amazon VPC)", ""))]))
    && alltrue([for f in ifnull(in.Filters, []) : anytrue([for v in f.Values : like(p[names[f.Name]], v)])])]
  }
  ignore = ["EndTime"]
}
