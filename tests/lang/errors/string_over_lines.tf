locals {
  script = "#!/bin/sh
    echo hello
  "
  after = 1
}
