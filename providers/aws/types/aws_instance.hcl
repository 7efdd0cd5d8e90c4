# SPDX-License-Identifier: Apache-2.0
type "aws_instance" {
  service  = "ec2"
  version  = 1
  key      = { InstanceId = id, InstanceIds = [id] }
  arn      = "arn:${partition}:ec2:${region}:${account}:instance/${id}"
  settle   = tag
  tags     = "instance"
  timeouts = { create = "10m", read = "15m", update = "10m", delete = "20m" }

  permissions = ["iam:PassRole"]                          # where an instance profile is given

  schema {
    ami                                  = opt(string, computed, replace, at(ImageId), any_of(ami, launch_template))
    associate_public_ip_address          = opt(bool, computed, replace, to(none), from(nic.Association != null), conflicts(network_interface))
    availability_zone                    = opt(string, computed, replace, at(Placement.AvailabilityZone))
    cpu_core_count                       = opt(number, computed, replace, deprecated, to(none), from(object.CpuOptions.CoreCount), conflicts(cpu_options.core_count))
    cpu_threads_per_core                 = opt(number, computed, replace, deprecated, to(none), from(object.CpuOptions.ThreadsPerCore), conflicts(cpu_options.threads_per_core))
    disable_api_stop                     = opt(bool, computed, from(part.api_stop.DisableApiStop.Value))
    disable_api_termination              = opt(bool, computed, from(part.api_termination.DisableApiTermination.Value))
    ebs_optimized                        = opt(bool, computed, replace)
    enable_primary_ipv6                  = opt(bool, computed, replace(prior.enable_primary_ipv6 == true && self.enable_primary_ipv6 == false), from(nic.Ipv6Addresses[0].IsPrimaryIpv6), conflicts(network_interface))
    get_password_data                    = opt(bool, default(false), local)
    hibernation                          = opt(bool, zero, replace, to(none), from(object.HibernationOptions.Configured))
    host_id                              = opt(string, computed, replace, at(Placement.HostId))
    host_resource_group_arn              = opt(string, computed, at(Placement.HostResourceGroupArn), conflicts(placement_group))
    iam_instance_profile                 = opt(string, computed, to(IamInstanceProfile.Name), from(reverse(split("/", object.IamInstanceProfile.Arn))[0]))
    instance_initiated_shutdown_behavior = opt(string, computed, from(part.shutdown.InstanceInitiatedShutdownBehavior.Value))
    instance_lifecycle                   = out(string)
    instance_state                       = out(string, from(object.State.Name))
    instance_type                        = opt(string, computed, any_of(instance_type, launch_template))
    ipv6_address_count                   = opt(number, computed, to(none), from(length(nic.Ipv6Addresses)), conflicts(ipv6_addresses, network_interface))
    ipv6_addresses                       = opt(list(string), computed, replace, to(none), from([for a in nic.Ipv6Addresses : a.Ipv6Address]), syntax(ipv6), conflicts(network_interface))
    key_name                             = opt(string, computed, replace)
    monitoring                           = opt(bool, computed, to(Monitoring.Enabled), from(contains(["enabled", "pending"], object.Monitoring.State)))
    outpost_arn                          = out(string)
    password_data                        = out(string, from(part.password.PasswordData))
    placement_group                      = opt(string, computed, replace, at(Placement.GroupName))
    placement_partition_number           = opt(number, computed, replace, at(Placement.PartitionNumber))
    primary_network_interface_id         = out(string, from(nic.NetworkInterfaceId))
    private_dns                          = out(string, from(object.PrivateDnsName))
    private_ip                           = opt(string, computed, replace, to(none), from(nic == null ? object.PrivateIpAddress : nic.PrivateIpAddress), syntax(ipv4), conflicts(network_interface))
    public_dns                           = out(string, from(object.PublicDnsName), follows(within.stopped))
    public_ip                            = out(string, from(object.PublicIpAddress), follows(within.stopped))
    secondary_private_ips                = opt(set(string), computed, to(none), from([for a in nic.PrivateIpAddresses : a.PrivateIpAddress if !a.Primary]), syntax(ipv4), conflicts(network_interface))
    security_groups                      = opt(set(string), computed, replace, to(none), from(object.VpcId == null || written(self.security_groups) ? object.SecurityGroups[*].GroupName : []), either(vpc_security_group_ids), conflicts(network_interface))
    source_dest_check                    = opt(bool, default(true), to(none), from(nic.SourceDestCheck), unless(length(self.network_interface) > 0), conflicts(network_interface))
    spot_instance_request_id             = out(string, from(object.SpotInstanceRequestId))
    subnet_id                            = opt(string, computed, replace, to(none), from(nic.SubnetId), conflicts(network_interface))
    tenancy                              = opt(string, computed, replace, at(Placement.Tenancy), allowed("default", "dedicated", "host"))
    user_data                            = opt(string, computed, to(none), from(part.user_data.UserData.Value), as(sha1_of_base64), same(user_data), either(user_data_base64), replace(self.user_data_replace_on_change), length(0, 16384), conflicts(user_data_base64))
    user_data_base64                     = opt(string, computed, to(none), from(part.user_data.UserData.Value), either(user_data), replace(self.user_data_replace_on_change), syntax(base64))
    user_data_replace_on_change          = opt(bool, default(false), local)
    volume_tags                          = opt(map(string), to(none), from(written(self.volume_tags) ? part.volumes[0].Tags : null))
    vpc_security_group_ids               = opt(set(string), computed, to(none), from(nic.Groups[*].GroupId), conflicts(network_interface))
    capacity_reservation_specification = one({
      capacity_reservation_preference = opt(string, allowed("capacity-reservations-only", "open", "none"))
      capacity_reservation_target = one({
        capacity_reservation_id                 = opt(string, conflicts(capacity_reservation_resource_group_arn))
        capacity_reservation_resource_group_arn = opt(string, syntax(arn))
      })
    }, computed)
    cpu_options = one({
      amd_sev_snp      = opt(string, computed, replace, allowed("enabled", "disabled"))
      core_count       = opt(number, computed, replace)
      threads_per_core = opt(number, computed, replace)
    }, computed)
    credit_specification = one({
      cpu_credits = opt(string, stays, allowed("standard", "unlimited"))
    }, stays, from({ cpu_credits = part.credits.CpuCredits }))
    ebs_block_device = set({
      delete_on_termination = opt(bool, default(true), unless(prior != null))
      device_name           = req(string, replace)
      encrypted             = opt(bool, computed, unless(prior != null))
      iops                  = opt(number, computed, unless(prior != null))
      kms_key_id            = opt(string, computed, unless(prior != null))
      snapshot_id           = opt(string, computed, replace)
      tags                  = opt(map(string), unless(prior != null), conflicts(volume_tags))
      tags_all              = opt(map(string), computed, unless(prior != null))
      throughput            = opt(number, computed, unless(prior != null))
      volume_id             = out(string)
      volume_size           = opt(number, computed, unless(prior != null))
      volume_type           = opt(string, computed, unless(prior != null), allowed("standard", "io1", "io2", "gp2", "sc1", "st1", "gp3"))
    }, computed, to(none), from([for v in volumes : v if v.device_name != object.RootDeviceName]))
    enclave_options = one({
      enabled = opt(bool, computed, replace)
    }, computed)
    ephemeral_block_device = set({
      device_name  = req(string)
      no_device    = opt(bool)
      virtual_name = opt(string)
    }, computed, to(none), kept, replace)
    instance_market_options = one({
      market_type = opt(string, computed, replace, allowed("spot", "capacity-block"))
      spot_options = one({
        instance_interruption_behavior = opt(string, computed, replace, allowed("hibernate", "stop", "terminate"))
        max_price                      = opt(string, computed, replace, same(decimal))
        spot_instance_type             = opt(string, computed, replace, allowed("one-time", "persistent"))
        valid_until                    = opt(string, computed, replace, syntax(timestamp))
      }, computed)
    }, computed, from(object.InstanceLifecycle == "spot" ? part.spot : null), replace)
    launch_template = one({
      id      = opt(string, computed, length(1, 255), pattern("^lt-[0-9A-Za-z]+$", "the id of a launch template: lt-..."), one_of(id, name))
      name    = opt(string, computed, length(3, 125), pattern("^[0-9A-Za-z()./_-]+$", "made of letters, digits and any of ()./_-"))
      version = opt(string, default("$Default"), length(1, 255))
    }, to(none), from(part.template), replace)
    maintenance_options = one({
      auto_recovery = opt(string, computed, allowed("disabled", "default"))
    }, computed)
    metadata_options = one({
      http_endpoint               = opt(string, default("enabled"), allowed("disabled", "enabled"))
      http_protocol_ipv6          = opt(string, default("disabled"), allowed("disabled", "enabled"))
      http_put_response_hop_limit = opt(number, computed, range(1, 64))
      http_tokens                 = opt(string, computed, allowed("optional", "required"))
      instance_metadata_tags      = opt(string, computed, allowed("disabled", "enabled"))
    }, computed)
    network_interface = set({
      delete_on_termination = opt(bool, replace, default(false))
      device_index          = req(number, replace)
      network_card_index    = opt(number, replace, default(0))
      network_interface_id  = req(string, replace)
    }, computed, to(none), from([for n in written(self.network_interface) ? object.NetworkInterfaces : [] : { network_interface_id = n.NetworkInterfaceId, device_index = n.Attachment.DeviceIndex, network_card_index = n.Attachment.NetworkCardIndex, delete_on_termination = n.Attachment.DeleteOnTermination }]))
    private_dns_name_options = one({
      enable_resource_name_dns_a_record    = opt(bool, computed)
      enable_resource_name_dns_aaaa_record = opt(bool, computed)
      hostname_type                        = opt(string, computed, allowed("ip-name", "resource-name"))
    }, computed)
    root_block_device = one({
      delete_on_termination = opt(bool, default(true))
      device_name           = out(string)
      encrypted             = opt(bool, computed, replace)
      iops                  = opt(number, computed)
      kms_key_id            = opt(string, computed, replace)
      tags                  = opt(map(string), conflicts(volume_tags))
      tags_all              = opt(map(string), computed)
      throughput            = opt(number, computed)
      volume_id             = out(string)
      volume_size           = opt(number, computed)
      volume_type           = opt(string, computed, allowed("standard", "io1", "io2", "gp2", "sc1", "st1", "gp3"))
    }, computed, to(none), from([for v in volumes : v if v.device_name == object.RootDeviceName]))
  }

  let {
    nic     = one([for n in object.NetworkInterfaces : n if n.Attachment.DeviceIndex == 0])
    volumes = [for m in object.BlockDeviceMappings : merge(
      { for v in part.volumes : v.VolumeId => {
        volume_size = v.Size, volume_type = v.VolumeType, iops = v.Iops, throughput = v.Throughput
        encrypted   = v.Encrypted, kms_key_id = v.KmsKeyId, snapshot_id = v.SnapshotId, tags = v.Tags
      } }[m.Ebs.VolumeId],
      { device_name = m.DeviceName, volume_id = m.Ebs.VolumeId, delete_on_termination = m.Ebs.DeleteOnTermination },
    )]
    root_volume_id = one([for m in object.BlockDeviceMappings : m.Ebs.VolumeId if m.DeviceName == object.RootDeviceName])
    user_data = config.user_data == null ? config.user_data_base64 : base64_once(config.user_data)
    one_nic   = self.associate_public_ip_address != null || self.enable_primary_ipv6 != null || length(ifnull(self.secondary_private_ips, [])) > 0
    groups    = blank(self.vpc_security_group_ids)
  }

  read {
    call    = "DescribeInstances"
    objects = flatten([for r in answer.Reservations : r.Instances])
    by      = filter("instance-id", 200)
    gone    = object.State.Name == "terminated"
    absent  = ["InvalidInstanceID.NotFound"]

    part "volumes" {                                      # in bulk: one list for all instances
      for     = [root_block_device, ebs_block_device, volume_tags]
      call    = "DescribeVolumes"
      objects = answer.Volumes
      by      = filter("attachment.instance-id", 200)
      match   = object.Attachments[0].InstanceId
      many    = true
    }
    part "credits" {
      for     = [credit_specification]
      when    = burstable(object.InstanceType)
      call    = "DescribeInstanceCreditSpecifications"
      objects = answer.InstanceCreditSpecifications
      by      = filter("instance-id", 200)
    }
    part "user_data" {                                    # one call an instance: only where someone looks
      for     = [user_data, user_data_base64]
      call    = "DescribeInstanceAttribute"
      send    = { Attribute = "userData" }
    }
    part "api_termination" {
      for     = [disable_api_termination]
      call    = "DescribeInstanceAttribute"
      send    = { Attribute = "disableApiTermination" }
    }
    part "api_stop" {
      for     = [disable_api_stop]
      call    = "DescribeInstanceAttribute"
      send    = { Attribute = "disableApiStop" }
    }
    part "shutdown" {
      for     = [instance_initiated_shutdown_behavior]
      call    = "DescribeInstanceAttribute"
      send    = { Attribute = "instanceInitiatedShutdownBehavior" }
    }
    part "password" {
      for     = [password_data]
      when    = self.get_password_data
      call    = "GetPasswordData"
    }
    part "spot" {
      for     = [instance_market_options]
      when    = object.SpotInstanceRequestId != null
      call    = "DescribeSpotInstanceRequests"
      objects = [for s in answer.SpotInstanceRequests : { SpotInstanceRequestId = s.SpotInstanceRequestId, market_type = "spot", spot_options = { instance_interruption_behavior = s.InstanceInterruptionBehavior, max_price = s.SpotPrice, spot_instance_type = s.Type, valid_until = s.ValidUntil } }]
      by      = filter("spot-instance-request-id", 200, Filters, object.SpotInstanceRequestId)
      match   = { SpotInstanceRequestId = object.SpotInstanceRequestId }
    }
    part "template" {
      for     = [launch_template]
      when    = tag(object.Tags, "aws:ec2launchtemplate:id") != null
      call    = "DescribeLaunchTemplates"
      send    = { LaunchTemplateIds = [tag(object.Tags, "aws:ec2launchtemplate:id")] }
      objects = [for t in answer.LaunchTemplates : { id = t.LaunchTemplateId, name = t.LaunchTemplateName, version = version_shown(t, self.launch_template.version, tag(object.Tags, "aws:ec2launchtemplate:version")) }]
    }
  }

  create = [
    {                                                     # the root device's name is the image's secret
      call = "DescribeImages"
      as   = image
      when = written(self.root_block_device) && self.ami != null
      send = { ImageIds = [self.ami] }
    },
    {
      call  = "RunInstances"
      id    = answer.Instances[0].InstanceId
      retry = [
        { code = "InvalidParameterValue", text = "Invalid IAM Instance Profile", for = "2m" },
        { code = "InvalidParameterValue", text = "has no associated IAM Roles", for = "2m" },
      ]
      fails = ["InsufficientInstanceCapacity", "SpotMaxPriceTooLow", "MaxSpotInstanceCountExceeded"]
      send  = {
        MinCount            = 1
        MaxCount            = 1
        UserData            = user_data
        HibernationOptions  = self.hibernation == null ? null : { Configured = self.hibernation }
        CpuOptions          = self.cpu_options == null ? { CoreCount = self.cpu_core_count, ThreadsPerCore = self.cpu_threads_per_core } : self.cpu_options
        LaunchTemplate      = self.launch_template == null ? null : { LaunchTemplateId = self.launch_template.id, LaunchTemplateName = self.launch_template.id == null ? self.launch_template.name : null, Version = self.launch_template.version }
        SecurityGroups      = one_nic ? null : self.security_groups
        SecurityGroupIds    = one_nic ? null : groups
        SubnetId            = one_nic ? null : self.subnet_id
        PrivateIpAddress    = one_nic ? null : self.private_ip
        Ipv6AddressCount    = one_nic ? null : self.ipv6_address_count
        Ipv6Addresses       = one_nic ? null : [for a in self.ipv6_addresses : { Ipv6Address = a }]
        NetworkInterfaces   = one_nic ? [{
          DeviceIndex              = 0
          AssociatePublicIpAddress = self.associate_public_ip_address
          PrimaryIpv6              = self.enable_primary_ipv6
          SubnetId                 = self.subnet_id
          Groups                   = groups
          Ipv6AddressCount         = self.ipv6_address_count
          Ipv6Addresses            = [for a in self.ipv6_addresses : { Ipv6Address = a }]
          PrivateIpAddresses       = concat(
            self.private_ip == null ? [] : [{ Primary = true, PrivateIpAddress = self.private_ip }],
            [for a in ifnull(self.secondary_private_ips, []) : { Primary = false, PrivateIpAddress = a }],
          )
        }] : [for n in self.network_interface : { NetworkInterfaceId = n.network_interface_id, DeviceIndex = n.device_index, NetworkCardIndex = n.network_card_index, DeleteOnTermination = n.delete_on_termination }]
        BlockDeviceMappings = concat(
          [for d in self.root_block_device : { DeviceName = image.Images[0].RootDeviceName, Ebs = ebs(d, null) }],
          [for d in self.ebs_block_device : { DeviceName = d.device_name, Ebs = ebs(d, d.snapshot_id) }],
          [for d in self.ephemeral_block_device : { DeviceName = d.device_name, NoDevice = d.no_device == true ? "" : null, VirtualName = d.virtual_name }],
        )
        TagSpecifications   = concat(tag_spec("instance", tags), tag_spec("volume", self.volume_tags))
      }
    },
    {
      until = object.State.Name == "running"
      fails = contains(["shutting-down", "terminated", "stopped"], object.State.Name)
      why   = object.StateReason.Message
    },
  ]

  # "$Latest" stays what it is as long as the host runs with it.
  function "version_shown" {
    params = [template, wanted, running]
    result = running == null || (wanted == "$Default" && running == tostring(template.DefaultVersionNumber)) || (wanted == "$Latest" && running == tostring(template.LatestVersionNumber)) ? wanted : running
  }

  function "ebs" {
    params = [d, snapshot]
    result = {
      DeleteOnTermination = d.delete_on_termination
      Encrypted           = d.encrypted
      Iops                = d.iops
      KmsKeyId            = d.kms_key_id
      SnapshotId          = snapshot
      Throughput          = d.throughput
      VolumeSize          = d.volume_size
      VolumeType          = d.volume_type
    }
  }

  # A group that needs the instance at rest says `within = stopped`. All such groups of one update run in one stop.
  within "stopped" {
    when  = contains(["running", "pending"], object.State.Name)
    enter = [
      { call = "StopInstances" },
      { until = object.State.Name == "stopped" },
    ]
    leave = [
      { call = "StartInstances", retry = [{ code = "InvalidParameterValue", text = "LaunchPlan instance type does not match attribute value" }] },
      { until = object.State.Name == "running" },
    ]
  }

  update "profile" {
    of = [iam_instance_profile]
    do = [
      { call = "DescribeIamInstanceProfileAssociations", as = now, send = { Filters = [{ Name = "instance-id", Values = [id] }, { Name = "state", Values = ["associated"] }] } },
      { call = "AssociateIamInstanceProfile", when = length(now.IamInstanceProfileAssociations) == 0, send = { IamInstanceProfile = { Name = self.iam_instance_profile } } },
      { call = "ReplaceIamInstanceProfileAssociation", when = length(now.IamInstanceProfileAssociations) > 0 && self.iam_instance_profile != "", send = { AssociationId = now.IamInstanceProfileAssociations[0].AssociationId, IamInstanceProfile = { Name = self.iam_instance_profile } } },
      { call = "DisassociateIamInstanceProfile", when = length(now.IamInstanceProfileAssociations) > 0 && self.iam_instance_profile == "", send = { AssociationId = now.IamInstanceProfileAssociations[0].AssociationId } },
    ]
  }
  update "source_dest_check" {
    of   = [source_dest_check]
    on   = [create, update]
    when = length(self.network_interface) == 0 && (self.source_dest_check == false || prior != null)
    do   = [{ call = "ModifyInstanceAttribute", send = { SourceDestCheck = { Value = self.source_dest_check } } }]
  }
  reconcile "secondary_ips" {
    of     = secondary_private_ips
    have   = [for a in nic.PrivateIpAddresses : a.PrivateIpAddress if !a.Primary]
    remove = { call = "UnassignPrivateIpAddresses", send = { NetworkInterfaceId = nic.NetworkInterfaceId, PrivateIpAddresses = removed } }
    add    = { call = "AssignPrivateIpAddresses", send = { NetworkInterfaceId = nic.NetworkInterfaceId, PrivateIpAddresses = added } }
  }
  update "groups" {                                       # the interface's groups: an instance may have several interfaces
    of = [vpc_security_group_ids]
    do = [{ call = "ModifyNetworkInterfaceAttribute", send = { NetworkInterfaceId = nic.NetworkInterfaceId, Groups = self.vpc_security_group_ids } }]
  }
  update "ipv6" {
    of = [ipv6_address_count]
    do = [{ call = "AssignIpv6Addresses", send = { NetworkInterfaceId = nic.NetworkInterfaceId, Ipv6AddressCount = self.ipv6_address_count - length(nic.Ipv6Addresses) } }]
  }
  update "primary_ipv6" {
    of = [enable_primary_ipv6]
    do = [{ call = "ModifyNetworkInterfaceAttribute", send = { NetworkInterfaceId = nic.NetworkInterfaceId, EnablePrimaryIpv6 = self.enable_primary_ipv6 } }]
  }
  update "type" {
    of     = [instance_type]
    within = stopped
    do     = [{ call = "ModifyInstanceAttribute", send = { InstanceType = { Value = self.instance_type } } }]
  }
  update "user_data" {
    of     = [user_data, user_data_base64]
    within = stopped
    do     = [{ call = "ModifyInstanceAttribute", send = { UserData = { Value = user_data } } }]
  }
  update "capacity_reservation" {
    of     = [capacity_reservation_specification]
    within = stopped
    do     = [{ call = "ModifyInstanceCapacityReservationAttributes" }]
  }
  update "placement" {
    of     = [host_resource_group_arn]
    within = stopped
    do     = [{ call = "ModifyInstancePlacement", send = { HostResourceGroupArn = self.host_resource_group_arn } }]
  }
  update "api_stop" {
    of = [disable_api_stop]
    do = [{ call = "ModifyInstanceAttribute", send = { DisableApiStop = { Value = self.disable_api_stop } } }]
  }
  update "api_termination" {
    of = [disable_api_termination]
    do = [{ call = "ModifyInstanceAttribute", send = { DisableApiTermination = { Value = self.disable_api_termination } } }]
  }
  update "shutdown" {
    of = [instance_initiated_shutdown_behavior]
    do = [{ call = "ModifyInstanceAttribute", send = { InstanceInitiatedShutdownBehavior = { Value = self.instance_initiated_shutdown_behavior } } }]
  }
  update "maintenance" {
    of = [maintenance_options]
    do = [
      { call = "ModifyInstanceMaintenanceOptions", send = { AutoRecovery = self.maintenance_options.auto_recovery } },
      { until = object.MaintenanceOptions.AutoRecovery == self.maintenance_options.auto_recovery },
    ]
  }
  update "monitoring" {
    of = [monitoring]
    do = [
      { call = "MonitorInstances", when = self.monitoring },
      { call = "UnmonitorInstances", when = !self.monitoring },
    ]
  }
  update "credits" {
    of = [credit_specification]
    do = [{ call = "ModifyInstanceCreditSpecification", send = { InstanceCreditSpecifications = [{ InstanceId = id, CpuCredits = self.credit_specification.cpu_credits }] } }]
  }
  update "metadata" {
    of = [metadata_options]
    do = [
      {
        call = "ModifyInstanceMetadataOptions"
        send = {
          HttpEndpoint            = self.metadata_options.http_endpoint
          HttpProtocolIpv6        = self.metadata_options.http_protocol_ipv6
          HttpPutResponseHopLimit = self.metadata_options.http_put_response_hop_limit
          HttpTokens              = self.metadata_options.http_tokens
          InstanceMetadataTags    = self.metadata_options.instance_metadata_tags
        }
      },
      { until = object.MetadataOptions.State == "applied" },
    ]
  }
  update "dns_names" {
    of = [private_dns_name_options]
    do = [{ call = "ModifyPrivateDnsNameOptions", send = { PrivateDnsHostnameType = self.private_dns_name_options.hostname_type, EnableResourceNameDnsARecord = self.private_dns_name_options.enable_resource_name_dns_a_record, EnableResourceNameDnsAAAARecord = self.private_dns_name_options.enable_resource_name_dns_aaaa_record } }]
  }
  update "root_volume" {
    of = [root_block_device.volume_size, root_block_device.volume_type, root_block_device.iops, root_block_device.throughput]
    do = [
      { call = "ModifyVolume", send = { VolumeId = self.root_block_device.volume_id, Size = self.root_block_device.volume_size, VolumeType = self.root_block_device.volume_type, Iops = self.root_block_device.iops, Throughput = self.root_block_device.throughput }, retry = ["IncorrectModificationState", "VolumeModificationRateExceeded"] },
      {
        call  = "DescribeVolumesModifications"
        send  = { VolumeIds = [self.root_block_device.volume_id] }
        retry = ["InvalidVolumeModification.NotFound"]     # not visible yet
        until = contains(["optimizing", "completed"], answer.VolumesModifications[0].ModificationState)
      },
    ]
  }
  update "root_volume_end" {
    of = [root_block_device.delete_on_termination]
    do = [{ call = "ModifyInstanceAttribute", send = { BlockDeviceMappings = [{ DeviceName = object.RootDeviceName, Ebs = { DeleteOnTermination = self.root_block_device.delete_on_termination } }] } }]
  }
  reconcile "volume_tags" {                               # the same tags on all volumes of the instance
    of     = volume_tags
    on     = [update]
    remove = { call = "DeleteTags", send = { Resources = [for m in object.BlockDeviceMappings : m.Ebs.VolumeId], Tags = removed } }
    add    = { call = "CreateTags", send = { Resources = [for m in object.BlockDeviceMappings : m.Ebs.VolumeId], Tags = added } }
  }
  reconcile "root_tags" {
    of     = root_block_device.tags
    on     = [create, update]
    remove = { call = "DeleteTags", send = { Resources = [root_volume_id], Tags = removed } }
    add    = { call = "CreateTags", send = { Resources = [root_volume_id], Tags = added } }
  }
  reconcile "ebs_tags" {
    of     = ebs_block_device
    on     = [create, update]
    key    = [device_name]
    change = { call = "CreateTags", at_once = 1, send = { Resources = [member.volume_id], Tags = member.tags } }
  }

  delete = [
    {                                                     # a persistent request would start another one
      call   = "CancelSpotInstanceRequests"
      when   = written(self.spot_instance_request_id)
      send   = { SpotInstanceRequestIds = [self.spot_instance_request_id] }
      absent = ["InvalidSpotInstanceRequestID.NotFound"]
    },
    { call = "TerminateInstances" },
    { until = gone },
  ]
}
