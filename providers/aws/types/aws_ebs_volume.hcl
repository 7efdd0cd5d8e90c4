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
    create_time          = out(string, as(timestamp))
    encrypted            = opt(bool, computed, replace)
    final_snapshot       = opt(bool, default(false), local)
    iops                 = opt(number, computed, unless(!contains(["io1", "io2", "gp3"], self.type)))
    kms_key_id           = opt(string, computed, replace)
    multi_attach_enabled = opt(bool, replace)
    outpost_arn          = opt(string, replace)
    size                 = opt(number, computed)
    snapshot_id          = opt(string, computed, replace)
    throughput           = opt(number, computed, unless(self.type != "gp3"))
    type                 = opt(string, computed, at(VolumeType))
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
