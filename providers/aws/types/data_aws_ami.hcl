# SPDX-License-Identifier: Apache-2.0
data "aws_ami" {
  service  = "ec2"
  timeouts = { read = "20m" }
  arn      = "arn:${partition}:ec2:${region}::image/${object.ImageId}"

  schema {
    architecture          = out(string)
    block_device_mappings = out(set(object({ device_name = string, ebs = map(string), no_device = string, virtual_name = string })), from([for b in object.BlockDeviceMappings : { device_name = b.DeviceName, no_device = b.NoDevice, virtual_name = b.VirtualName, ebs = b.Ebs == null ? null : disk(b.Ebs) }]))
    boot_mode             = out(string)
    creation_date         = out(string)
    deprecation_time      = out(string)
    description           = out(string)
    ena_support           = out(bool)
    executable_users      = opt(list(string), at(ExecutableUsers), kept)
    hypervisor            = out(string)
    id                    = opt(string, computed, from(object.ImageId))
    image_id              = out(string)
    image_location        = out(string)
    image_owner_alias     = out(string)
    image_type            = out(string, from(object.ImageType))
    imds_support          = out(string)
    include_deprecated    = opt(bool, at(IncludeDeprecated), kept)
    kernel_id             = out(string)
    last_launched_time    = out(string)
    most_recent           = opt(bool, local)
    name                  = out(string)
    name_regex            = opt(string, local, syntax(regex))
    owner_id              = out(string, from(object.OwnerId))
    owners                = opt(list(string), at(Owners), kept, length(1, null))
    platform              = out(string, from(object.Platform))
    platform_details      = out(string)
    product_codes         = out(set(object({ product_code_id = string, product_code_type = string })), from([for p in object.ProductCodes : { product_code_id = p.ProductCodeId, product_code_type = p.ProductCodeType }]))
    public                = out(bool)
    ramdisk_id            = out(string)
    root_device_name      = out(string)
    root_device_type      = out(string)
    root_snapshot_id      = out(string, from(one([for b in object.BlockDeviceMappings : b.Ebs.SnapshotId if b.DeviceName == object.RootDeviceName])))
    sriov_net_support     = out(string)
    state                 = out(string)
    state_reason          = out(map(string), from({ code = ifnull(object.StateReason.Code, "UNSET"), message = ifnull(object.StateReason.Message, "UNSET") }))
    tags                  = opt(map(string), computed, to(none), from(object.Tags))
    tpm_support           = out(string)
    uefi_data             = opt(string, local)
    usage_operation       = out(string)
    virtualization_type   = out(string)
    filter = set({
      name   = req(string)
      values = req(set(string))
    }, at(Filters))
  }

  function "disk" {
    params = [e]
    result = {
      delete_on_termination      = tostring(ifnull(e.DeleteOnTermination, false))
      encrypted                  = tostring(ifnull(e.Encrypted, false))
      iops                       = tostring(ifnull(e.Iops, 0))
      snapshot_id                = ifnull(e.SnapshotId, "")
      throughput                 = tostring(ifnull(e.Throughput, 0))
      volume_initialization_rate = tostring(ifnull(e.VolumeInitializationRate, 0))
      volume_size                = tostring(ifnull(e.VolumeSize, 0))
      volume_type                = ifnull(e.VolumeType, "")
    }
  }

  read {
    call    = "DescribeImages"
    objects = answer.Images
    where   = isblank(self.name_regex) || can(regex(self.name_regex, object.Name))
    choose  = self.most_recent == true ? newest(objects, "CreationDate") : only(objects)
  }
}
