"""The drill: commands are killed, files damaged, disks filled, and the outcome is compared with an undisturbed run."""
