# SPDX-License-Identifier: Apache-2.0
type "aws_ebs_volume" {
  service  = "ec2"
  key      = { VolumeId = id }
  arn      = "arn:${partition}:ec2:${region}:${account}:volume/${id}"
  settle   = tag
  tags     = "volume"
  timeouts = { create = "5m", update = "5m", delete = "10m" }

  schema {
    availability_zone    = req(string, replace)
    create_time          = out(string)
    encrypted            = opt(bool, computed, replace)
    final_snapshot       = opt(bool, default(false), local)
    iops                 = opt(number, computed, unless(!contains(["io1", "io2", "gp3"], self.type)), check(value == 0 || contains(["io1", "io2", "gp3"], ifnull(self.type, "")), "left away unless the type is io1, io2 or gp3"))
    kms_key_id           = opt(string, computed, replace, syntax(arn))
    multi_attach_enabled = opt(bool, zero, replace, check(value == false || contains(["io1", "io2"], ifnull(self.type, "")), "left away unless the type is io1 or io2"))
    outpost_arn          = opt(string, zero, replace, syntax(arn))
    size                 = opt(number, computed, any_of(size, snapshot_id))
    snapshot_id          = opt(string, computed, replace)
    throughput           = opt(number, computed, unless(self.type != "gp3"), range(125, 1000), check(value == 0 || self.type == "gp3", "left away unless the type is gp3"))
    type                 = opt(string, computed, at(VolumeType), check(!contains(["io1", "io2"], value) || self.iops != null, "written together with iops where it is io1 or io2"))
  }

  read {
    call    = "DescribeVolumes"
    objects = answer.Volumes
    by      = filter("volume-id", 200)
    gone    = contains(["deleting", "deleted"], object.State)
  }

  create = [
    { call = "CreateVolume", id = answer.VolumeId },
    { until = object.State == "available", fails = object.State == "error" },
  ]

  update "shape" {
    of   = [size, type, iops, throughput]
    do = [
      { call = "ModifyVolume", send = changes, retry = ["IncorrectModificationState", "VolumeModificationRateExceeded"] },
      {
        call  = "DescribeVolumesModifications"
        send  = { VolumeIds = [id] }
        retry = ["InvalidVolumeModification.NotFound"]     # not visible yet
        until = contains(["optimizing", "completed"], answer.VolumesModifications[0].ModificationState)
        fails = answer.VolumesModifications[0].ModificationState == "failed"
      },
    ]
  }

  delete = [
    {
      call = "CreateSnapshot"
      as   = snap
      when = self.final_snapshot
      send = { TagSpecifications = tag_spec("snapshot", self.tags_all) }
    },
    {
      when  = self.final_snapshot
      call  = "DescribeSnapshots"
      send  = { SnapshotIds = [snap.SnapshotId] }
      until = answer.Snapshots[0].State == "completed"
    },
    { call = "DeleteVolume", retry = ["VolumeInUse"] },
    { until = gone },
  ]
}
